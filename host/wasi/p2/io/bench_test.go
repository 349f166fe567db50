package io

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

func BenchmarkPoll(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			e := env{context.Background(), &scratch{}}
			in := make([]*Pollable, n)
			for i := range in {
				in[i] = NewPollable(stream.Never{})
			}
			in[n-1] = NewPollable(stream.Always{})
			b.ReportAllocs()
			for b.Loop() {
				if got, err := e.poll(in); err != nil || len(got) != 1 {
					b.Fatal(got, err)
				}
			}
		})
	}
}

// endless gives as much as is asked for.
type endless struct{ stream.Always }

func (endless) Read(p []byte) (int, error) { return len(p), nil }
func (endless) Drop()                      {}

func BenchmarkRead(b *testing.B) {
	e := env{context.Background(), &scratch{}}
	in := NewInputStream(endless{})
	b.ReportAllocs()
	for b.Loop() {
		if p, err := in.take(e, maxRead); err != nil || len(p) != maxRead {
			b.Fatal(len(p), err)
		}
	}
}

func BenchmarkBlockingWriteAndFlush(b *testing.B) {
	var sink bytes.Buffer
	e := env{context.Background(), &scratch{}}
	out := NewOutputStream(stream.NewWriter(&sink, func(p []byte) (int, error) { return len(p), nil }))
	p := make([]byte, maxBlockingWrite)
	b.ReportAllocs()
	for b.Loop() {
		if err := out.writeAll(e, p); err != nil {
			b.Fatal(err)
		}
	}
}
