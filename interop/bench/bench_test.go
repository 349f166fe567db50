package bench

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/internal/guesttest"
)

const serveEnv = "WASITLS_BENCH_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		if err := Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestQuick makes every measure, small. Guests that do not do all that they
// are asked for fail it; how fast they are does not matter.
func TestQuick(t *testing.T) {
	t.Setenv(serveEnv, "1")
	guests := map[string][]byte{}
	for _, name := range []string{guestP2, "waiter", guestP3} {
		guests[name] = guesttest.Component(t, name)
	}
	report, err := Run(t.Context(), Options{
		Component: func(name string) ([]byte, error) { return guests[name], nil },
		Server:    []string{os.Args[0]},
		Quick:     true,
		Log:       testLog{t},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Results) < len(measures) {
		t.Errorf("%d results of %d measures", len(report.Results), len(measures))
	}
	for _, r := range report.Results {
		if x := r.Guest.Median; x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
			t.Errorf("%s: the guest's figure is %v", r.Measure, x)
		}
		if strings.HasPrefix(r.Target, "ratio") && !(r.Ratio.Median > 0) {
			t.Errorf("%s: the ratio is %v", r.Measure, r.Ratio)
		}
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Error(err)
	}
	t.Log(text.String())
}

type testLog struct{ *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.Logf("%s", p)
	return len(p), nil
}

// A guest that does less than it was asked for is no measurement.
func TestIncompleteGuest(t *testing.T) {
	for _, text := range []string{"", "{", `{"mode":"send","bytes":1}`} {
		if l, err := parseLine(text, "recv"); err == nil {
			t.Errorf("%q is %+v", text, l)
		}
	}
	if err := sunk(strings.NewReader("sunk 9 00000000\n"), 10); err == nil {
		t.Error("a receipt for 9 bytes passes for 10")
	}
}

func TestFigures(t *testing.T) {
	if got := figure([]float64{4, 1, 3}, 10); got != (Figure{30, 10, 40}) {
		t.Errorf("odd: %v", got)
	}
	if got := figure([]float64{4, 1, 2, 3}, 1); got != (Figure{2.5, 1, 4}) {
		t.Errorf("even: %v", got)
	}
	if got := figure(nil, 1); !got.None() {
		t.Errorf("none: %v", got)
	}
	ps := []pair{{sample{value: 100}, sample{value: 90}}, {sample{value: 10}, sample{value: 8}}, {sample{value: 50}, sample{value: 20}}}
	r := compare("x", ps, perSecond, ratioAtLeast(0.8))
	if r.Ratio != (Figure{0.8, 0.4, 0.9}) || !r.Met {
		t.Errorf("ratio %v, met %v: want that of neighbours", r.Ratio, r.Met)
	}
	if r := compare("x", ps, perSecond, guestAtMost(19)); r.Met {
		t.Errorf("a median of %v is at most 19", r.Guest.Median)
	}
}

func TestTable(t *testing.T) {
	r := Report{Machine: Machine{CPU: "Z80", Cores: 1}, Results: []Result{
		{Measure: "send", Unit: "MB/s", Native: Figure{100, 90, 110}, Guest: Figure{90.5, 1, 2}, Ratio: Figure{0.9, 0.8, 1}, Target: "ratio ≥ 0.85", Met: true},
		{Measure: "start", Unit: "ms", Guest: Figure{2.345, 1, 2}, Target: "≤ 2", Note: "why"},
	}}
	page, err := Splice("before\n<!-- make bench: begin -->\nold\n<!-- make bench: end -->\nafter\n", "make bench", r.Markdown("bench -x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"before\n<!-- make bench: begin -->\nMachine: Z80, 1 cores",
		"Command: `bench -x`",
		"| send | 100 MB/s | 90.5 MB/s | 0.90 (0.80–1.00) | ratio ≥ 0.85: reached |  |\n",
		"| start | – | 2.35 ms | – | ≤ 2: missed | why |\n<!-- make bench: end -->\nafter\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if strings.Contains(page, "old") {
		t.Errorf("the old table is still there:\n%s", page)
	}
	if _, err := Splice("no marks", "make bench", "x"); err == nil {
		t.Error("a page without marks was changed")
	}
}
