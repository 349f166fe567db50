package stream

// Ender is an Output that tells what became of what it has accepted.
type Ender interface {
	// End drops the stream, as Drop does, but for that what was accepted has
	// all the time it needs. Where the stream is one direction of a connection,
	// the peer gets to know the end. done is called once: when everything is
	// delivered, or with the error for which it is not; on any goroutine.
	End(done func(error))
}

// End ends a stream: see Ender. One that is none has delivered what it accepted.
func End(o Output, done func(error)) {
	if e, ok := o.(Ender); ok {
		e.End(done)
		return
	}
	o.Drop()
	done(nil)
}
