package wasitlstest

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
)

// Hello is a ServerHello written by hand (RFC 8446, section 4.1.3).
type Hello struct {
	Random     [32]byte
	Suite      uint16
	Extensions []byte // without their common length; see Extension
}

// RetryRandom is the Random of a HelloRetryRequest.
var RetryRandom = sha256.Sum256([]byte("HelloRetryRequest"))

// Extension returns one extension.
func Extension(id uint16, data []byte) []byte {
	e := binary.BigEndian.AppendUint16(nil, id)
	e = binary.BigEndian.AppendUint16(e, uint16(len(data)))
	return append(e, data...)
}

// TLS13 is the extension that selects TLS 1.3.
var TLS13 = Extension(43, []byte{3, 4})

// Answer reads a ClientHello from below and answers it with the hellos, the
// first to the first ClientHello and so on. It returns the last ClientHello.
func Answer(below Conn, hellos ...Hello) (client []byte, err error) {
	for _, hello := range hellos {
		if client, err = readClientHello(below); err != nil {
			return nil, err
		}
		if _, err = below.Write(hello.record(client)); err != nil {
			return nil, err
		}
	}
	return client, nil
}

// readClientHello returns the next handshake message, skipping the
// change_cipher_spec that clients send for the sake of old boxes.
func readClientHello(below io.Reader) ([]byte, error) {
	for {
		header := make([]byte, 5)
		if _, err := io.ReadFull(below, header); err != nil {
			return nil, err
		}
		body := make([]byte, binary.BigEndian.Uint16(header[3:]))
		if _, err := io.ReadFull(below, body); err != nil {
			return nil, err
		}
		switch {
		case header[0] == RecordHandshake && len(body) > 39 && body[0] == 1:
			return body, nil
		case header[0] == RecordAlert:
			return nil, errors.New("wasitlstest: alert instead of ClientHello")
		}
	}
}

// record returns the hello as a record.
func (h Hello) record(client []byte) []byte {
	var session []byte
	if bytes.Contains(h.Extensions, TLS13) {
		session = client[39 : 39+int(client[38])] // to be echoed in TLS 1.3 only
	}
	suite := h.Suite
	if suite == 0 {
		suite = tls.TLS_AES_128_GCM_SHA256
	}
	body := append([]byte{3, 3}, h.Random[:]...)
	body = append(body, byte(len(session)))
	body = append(body, session...)
	body = binary.BigEndian.AppendUint16(body, suite)
	body = append(body, 0) // no compression
	body = binary.BigEndian.AppendUint16(body, uint16(len(h.Extensions)))
	body = append(body, h.Extensions...)
	message := append([]byte{2, 0, byte(len(body) >> 8), byte(len(body))}, body...)
	record := binary.BigEndian.AppendUint16([]byte{RecordHandshake, 3, 3}, uint16(len(message)))
	return append(record, message...)
}
