package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wasitls/wasitls/host"
)

// outcome says what the end of a guest means for the command.
func outcome(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var (
		signal  signalError
		timeout timeoutError
		trap    *host.Trap
	)
	switch cause := context.Cause(ctx); {
	case errors.As(cause, &signal):
		return failure{err: signal, status: exitSignal + int(signal.signal)}
	case errors.As(cause, &timeout):
		return failure{err: timeout, hint: "--timeout=DURATION gives it more", status: exitTrap}
	case errors.As(err, &trap):
		return failure{err: errors.New("guest trapped: " + plain(trap)), hint: trapHint(trap), status: exitTrap}
	}
	return err
}

// maxNamed bounds the missing imports that an error names.
const maxNamed = 8

// linkFailure says which imports keep a component from being started, and what
// would provide them.
func linkFailure(err error) error {
	missing, others := sortLinkErrors(err)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		if items := missing[name]; len(items) > 0 {
			name += fmt.Sprintf(" (%s)", strings.Join(items, ", "))
		}
		parts = append(parts, name)
	}
	if more := len(parts) - maxNamed; more > 0 {
		parts = append(parts[:maxNamed], fmt.Sprintf("and %d more", more))
	}
	if len(parts) == 0 {
		return refuse("", "%s", strings.Join(others, "; "))
	}
	text := fmt.Sprintf("component imports %s, which this host does not provide", strings.Join(parts, ", "))
	return refuse(hintOf(err), "%s", strings.Join(append([]string{text}, others...), "; "))
}

// hintOf returns the first hint of a missing import.
func hintOf(err error) string {
	for _, e := range leaves(err) {
		var m *host.MissingImportError
		if errors.As(e, &m) && m.Hint != "" {
			return m.Hint
		}
	}
	return "wasitls inspect lists what a component needs"
}

// trapHint knows the one trap that a flag can help against.
func trapHint(trap error) string {
	if strings.Contains(trap.Error(), "memory limits") {
		return "--max-memory=SIZE gives it more"
	}
	return ""
}
