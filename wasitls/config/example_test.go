package config_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/config"
)

func Example() {
	if _, err := clientOf("../../cmd/wasitls/testdata/policy/wasitls.yaml"); err != nil {
		log.Fatal(err)
	}
	_, err := clientOf("testdata/bad/no-default.yaml")
	var e *config.Error
	if errors.As(err, &e) {
		fmt.Printf("line %d, %s: %v\n", e.Line, e.Field, e.Err)
	}
	// Output: line 1, tls.default: must be stated: deny or allow
}

// clientOf returns a client that does what a file says.
func clientOf(name string) (*wasitls.Client, error) {
	file, err := config.Load(name, config.Options{})
	if err != nil {
		return nil, err // of each mistake a *config.Error, joined
	}
	return wasitls.NewClient(wasitls.Config{Policy: file.Policy})
}
