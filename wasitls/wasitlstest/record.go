package wasitlstest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"
)

// Content types of TLS records and handshake messages that crypto/tls has no
// names for (RFC 8446, sections 5.1 and 4).
const (
	RecordAlert           = 21
	RecordHandshake       = 22
	RecordApplicationData = 23
)

// Records seals TLS 1.3 records of a server by hand, for what crypto/tls never
// sends: empty records, KeyUpdate, floods. It takes over the server's sending
// direction; reading stays with the tls.Conn. It needs a machine on which
// crypto/tls prefers AES.
type Records struct {
	below  io.Writer
	suite  uint16
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// RecordsPeer returns a peer whose handler gets Records after a TLS 1.3
// handshake with a server of this configuration.
func RecordsPeer(config *tls.Config, handle func(r *Records, t *tls.Conn, below Conn)) Peer {
	keys := new(keyLog)
	config = config.Clone()
	config.MinVersion = tls.VersionTLS13
	config.SessionTicketsDisabled = true // the first application record has number 0
	config.KeyLogWriter = keys
	return Peer{Config: config, Handle: func(t *tls.Conn, below Conn) {
		r, err := newRecords(below, t.ConnectionState().CipherSuite, keys.serverSecret())
		if err != nil {
			panic(err)
		}
		handle(r, t, below)
	}}
}

func newRecords(below io.Writer, suite uint16, secret []byte) (*Records, error) {
	r := &Records{below: below, suite: suite}
	return r, r.use(secret)
}

// use derives the keys of a traffic secret (RFC 8446, section 7.3).
func (r *Records) use(secret []byte) error {
	r.secret, r.seq = secret, 0
	r.iv = r.expand("iv", 12)
	var err error
	switch r.suite {
	case tls.TLS_AES_128_GCM_SHA256:
		r.aead, err = gcm(r.expand("key", 16))
	case tls.TLS_AES_256_GCM_SHA384:
		r.aead, err = gcm(r.expand("key", 32))
	default:
		err = errors.New("wasitlstest: Records needs AES, which crypto/tls chooses on machines with instructions for it")
	}
	return err
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// expand is HKDF-Expand-Label with an empty context.
func (r *Records) expand(label string, length int) []byte {
	label = "tls13 " + label
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(info, byte(len(label)))
	info = append(info, label...)
	info = append(info, 0)
	return must(hkdf.Expand(r.hash(), r.secret, string(info), length))
}

func (r *Records) hash() func() hash.Hash {
	if r.suite == tls.TLS_AES_256_GCM_SHA384 {
		return sha512.New384
	}
	return sha256.New
}

// Write sends one record of the given content type.
func (r *Records) Write(contentType byte, content []byte) error {
	_, err := r.below.Write(r.Seal(contentType, content))
	return err
}

// Seal returns one record of the given content type.
func (r *Records) Seal(contentType byte, content []byte) []byte {
	inner := append(bytes.Clone(content), contentType)
	header := []byte{RecordApplicationData, 3, 3}
	header = binary.BigEndian.AppendUint16(header, uint16(len(inner)+r.aead.Overhead()))
	nonce := bytes.Clone(r.iv)
	for i := range 8 {
		nonce[4+i] ^= byte(r.seq >> (56 - 8*i))
	}
	r.seq++
	return r.aead.Seal(header, nonce, inner, header)
}

// KeyUpdate sends a KeyUpdate and changes the key. With requested the client
// has to answer with its own.
func (r *Records) KeyUpdate(requested bool) error {
	message := []byte{24, 0, 0, 1, 0}
	if requested {
		message[4] = 1
	}
	if err := r.Write(RecordHandshake, message); err != nil {
		return err
	}
	return r.use(r.expand("traffic upd", len(r.secret)))
}

// Ticket sends a NewSessionTicket with a ticket of n bytes.
func (r *Records) Ticket(n int) error {
	body := binary.BigEndian.AppendUint32(nil, 3600)  // lifetime
	body = append(body, 0, 0, 0, 0, 8)                // age_add, length of nonce
	body = binary.BigEndian.AppendUint64(body, r.seq) // nonce
	body = binary.BigEndian.AppendUint16(body, uint16(n))
	body = append(body, make([]byte, n)...)
	body = append(body, 0, 0) // no extensions
	message := append([]byte{4, 0, byte(len(body) >> 8), byte(len(body))}, body...)
	return r.Write(RecordHandshake, message)
}

// CloseNotify sends close_notify.
func (r *Records) CloseNotify() error { return r.Write(RecordAlert, []byte{1, 0}) }

// keyLog keeps the server's last application secret.
type keyLog struct {
	mu     sync.Mutex
	secret []byte
}

func (k *keyLog) Write(line []byte) (int, error) {
	var label, random, secret string
	if _, err := fmt.Sscan(string(line), &label, &random, &secret); err == nil && strings.HasPrefix(label, "SERVER_TRAFFIC_SECRET_") {
		k.mu.Lock()
		k.secret = must(hex.DecodeString(secret))
		k.mu.Unlock()
	}
	return len(line), nil
}

func (k *keyLog) serverSecret() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.secret
}
