package process

import (
	"context"
	"fmt"
	"net"
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
	_, err := start(ctx, Command{Args: []string{"/bin/sh", "-c", script}}, dir, unused(t))
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
	_, err := start(t.Context(), Command{Args: []string{"/bin/sh", "-c", "echo bad option; exit 3"}}, t.TempDir(), unused(t))
	if err == nil || !strings.Contains(err.Error(), errEnded.Error()) || !strings.Contains(err.Error(), "bad option") {
		t.Fatalf("%v, want %v and the log", err, errEnded)
	}
}

func TestServerThatLosesItsPortIsStartedAgain(t *testing.T) {
	tries := 0
	_, err := OnPort(t.Context(), t.TempDir(), func(string) (Command, error) {
		tries++
		return Command{Args: []string{"/bin/sh", "-c", fmt.Sprintf("echo try %d: Address already in use; exit 1", tries)}}, nil
	})
	if err == nil || tries != startTries {
		t.Fatalf("%d tries, want %d; %v", tries, startTries, err)
	}
}

// unused returns a loopback address where nothing listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
