package wasitlstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
)

// Renegotiate returns a peer that, after a TLS 1.2 handshake with an ECDSA
// leaf, sends text, asks for renegotiation with a HelloRequest (RFC 5246,
// section 7.4.1.1), and reads on. crypto/tls never asks, so the records are
// sealed by hand.
func Renegotiate(ca *CA, text string) Peer {
	keys := new(masterLog)
	config := ca.Server()
	config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	config.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	config.KeyLogWriter = keys
	return Peer{Handle: func(_ *tls.Conn, below Conn) {
		start := &recorded{Conn: below}
		t := tls.Server(start, config)
		if err := t.Handshake(); err != nil {
			return
		}
		r := &records12{keys: keys.expand(start.serverRandom()), seq: 1} // number 0 was Finished
		below.Write(r.seal(RecordApplicationData, []byte(text)))
		below.Write(r.seal(RecordHandshake, []byte{0, 0, 0, 0}))
		io.Copy(io.Discard, t)
		below.CloseWrite()
		io.Copy(io.Discard, below)
	}}
}

// recorded keeps the first bytes that a server writes.
type recorded struct {
	Conn
	first []byte
}

func (r *recorded) Write(p []byte) (int, error) {
	if len(r.first) < 43 {
		r.first = append(r.first, p...)
	}
	return r.Conn.Write(p)
}

// serverRandom is in the ServerHello, which comes first.
func (r *recorded) serverRandom() []byte { return r.first[11:43] }

// masterLog keeps the master secret and the client's random.
type masterLog struct {
	mu             sync.Mutex
	random, master []byte
}

func (m *masterLog) Write(line []byte) (int, error) {
	var label, random, master string
	if _, err := fmt.Sscan(string(line), &label, &random, &master); err == nil && label == "CLIENT_RANDOM" {
		m.mu.Lock()
		m.random, m.master = must(hex.DecodeString(random)), must(hex.DecodeString(master))
		m.mu.Unlock()
	}
	return len(line), nil
}

// expand returns the key block for AES-128-GCM: two keys, two salts (RFC 5246,
// section 6.3).
func (m *masterLog) expand(serverRandom []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	seed := append([]byte("key expansion"), serverRandom...)
	seed = append(seed, m.random...)
	mac := func(data ...[]byte) []byte {
		h := hmac.New(sha256.New, m.master)
		for _, d := range data {
			h.Write(d)
		}
		return h.Sum(nil)
	}
	var block []byte
	for a := mac(seed); len(block) < 2*16+2*4; a = mac(a) {
		block = append(block, mac(a, seed)...)
	}
	return block
}

type records12 struct {
	keys []byte
	seq  uint64
}

// seal returns a record from the server (RFC 5288, section 3).
func (r *records12) seal(contentType byte, content []byte) []byte {
	aead := must(gcm(r.keys[16:32]))
	explicit := binary.BigEndian.AppendUint64(nil, r.seq)
	nonce := append(append([]byte(nil), r.keys[36:40]...), explicit...)
	aad := binary.BigEndian.AppendUint16(append(explicit[:8:8], contentType, 3, 3), uint16(len(content)))
	r.seq++
	record := []byte{contentType, 3, 3}
	record = binary.BigEndian.AppendUint16(record, uint16(len(explicit)+len(content)+aead.Overhead()))
	return aead.Seal(append(record, explicit...), nonce, content, aad)
}
