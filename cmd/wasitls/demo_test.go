package main

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// A demo that cannot fail shows nothing: each case fails when the guest sees
// what another one's guest should.
func TestDemoFails(t *testing.T) {
	cases := demoCases()
	wants := make([]string, len(cases))
	for i, c := range cases {
		wants[i] = c.want
	}
	for i := range cases {
		cases[i].want = wants[(i+1)%len(wants)]
	}
	var out bytes.Buffer
	passed, err := demo(context.Background(), cases, &out)
	if err != nil {
		t.Fatal(err)
	}
	if passed != 0 || strings.Count(out.String(), "FAIL  ") != len(cases) || !strings.HasSuffix(out.String(), "0 passed, 12 failed\n") {
		t.Errorf("%d passed\n%s", passed, &out)
	}
}

// A server that never answers cannot keep the demo for ever.
func TestDemoEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	silent := demoCase{guest: demoGuest02, name: "silent", want: "anything", plain: true, handle: wasitlstest.Silent}
	begin := time.Now()
	if _, err := demo(ctx, []demoCase{silent}, new(bytes.Buffer)); err == nil {
		t.Error("no error")
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// The command leaves no goroutine behind.
func TestNothingIsLeftBehind(t *testing.T) {
	run := func() {
		var out, err bytes.Buffer
		if status := doMain([]string{"demo"}, strings.NewReader(""), &out, &err); status != exitOK {
			t.Fatalf("status %d\n%s%s", status, &out, &err)
		}
	}
	run() // what is made once for the process
	before := runtime.NumGoroutine()
	run()
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(time.Millisecond)
	}
}
