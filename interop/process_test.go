package interop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// alive says whether a process runs; one that only waits to be collected does not.
func alive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func TestServerThatNeverListensIsEndedWithItsChildren(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc to see whether the child is gone")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	// The child ignores the polite signal.
	script := "(trap '' TERM; exec sleep 60) & echo $! >child; echo waiting; wait"
	_, err := startProcess(ctx, Command{Args: []string{"/bin/sh", "-c", script}}, dir, unused(t))
	if err == nil || !strings.Contains(err.Error(), "waiting") {
		t.Fatalf("%v, want an error with the log", err)
	}
	pid, err := os.ReadFile(filepath.Join(dir, "child"))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); alive(strings.TrimSpace(string(pid))); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the child %s is still there", pid)
		}
	}
}

func TestServerThatEndsAtOnceIsReported(t *testing.T) {
	_, err := startProcess(t.Context(), Command{Args: []string{"/bin/sh", "-c", "echo bad option; exit 3"}}, t.TempDir(), unused(t))
	if err == nil || !strings.Contains(err.Error(), errEnded.Error()) || !strings.Contains(err.Error(), "bad option") {
		t.Fatalf("%v, want %v and the log", err, errEnded)
	}
}

func TestServerThatLosesItsPortIsStartedAgain(t *testing.T) {
	tries := 0
	s := Server{command: func(_ string, _ Setup) (Command, error) {
		tries++
		return Command{Args: []string{"/bin/sh", "-c", fmt.Sprintf("echo try %d: Address already in use; exit 1", tries)}}, nil
	}}
	if _, err := s.start(t.Context(), "", Setup{Dir: t.TempDir()}); err == nil || tries != startTries {
		t.Fatalf("%d tries, want %d; %v", tries, startTries, err)
	}
}

// unused returns a loopback address where nothing listens.
func unused(t *testing.T) string {
	t.Helper()
	r := startInside(t.Context(), listen(t), func(ctx context.Context) error { <-ctx.Done(); return nil })
	r.stop()
	return r.addr
}
