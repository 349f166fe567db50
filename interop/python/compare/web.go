package compare

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// web serves every page that the cases ask for. Each answer carries the number
// of its connection, so that a case can count how many it had.
type web struct {
	mux   *http.ServeMux
	count atomic.Int64
	mu    sync.Mutex
	tries map[string]int
	bucket
}

type connectionKey struct{}

func newWeb() *web {
	w := &web{mux: http.NewServeMux(), tries: map[string]int{}, bucket: bucket{objects: map[string][]byte{}}}
	for pattern, h := range map[string]http.HandlerFunc{
		"/{$}":           text("hello"),
		"/host":          func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, r.Host) },
		"/sni":           func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, r.TLS.ServerName) },
		"/version":       func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, tls.VersionName(r.TLS.Version)) },
		"/query":         func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, r.URL.RawQuery) },
		"/path/":         func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, r.RequestURI) },
		"/authorization": func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, r.Header.Get("Authorization")) },
		"/echo":          echo,
		"/big":           big,
		"/zeros/{n}":     zeros,
		"/gzip":          packed("gzip", func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
		"/deflate":       packed("deflate", func(w io.Writer) io.WriteCloser { return must(zlib.NewWriterLevel(w, flate.BestSpeed)) }),
		"/chunked":       repeated(5, 0, strings.Repeat("0123456789", 100)),
		"/lines":         repeated(20, 0, "line\n"),
		"/drip":          repeated(5, 150*time.Millisecond, "line\n"),
		"/slow":          slow,
		"/stalls":        stalls,
		"/status/{code}": status,
		"/redirect/{n}":  redirect,
		"/to":            to(http.StatusFound),
		"/to307":         to(http.StatusTemporaryRedirect),
		"/cookies":       func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, r.Header.Get("Cookie")) },
		"/cookies/set":   setCookie,
		"/cookies/redirect": func(rw http.ResponseWriter, r *http.Request) {
			setCookie(rw, r)
			http.Redirect(rw, r, "/cookies", http.StatusFound)
		},
		"/digest":     digest,
		"/flaky/{id}": w.flaky,
		"/close": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Connection", "close")
			io.WriteString(rw, "bye")
		},
		"/drop":             raw("HTTP/1.1 200 OK\r\nX-Connection: %s\r\nContent-Length: 1\r\n\r\nx"),
		"/until-end":        raw("HTTP/1.1 200 OK\r\nX-Connection: %s\r\n\r\nto the end"),
		"/truncated":        raw("HTTP/1.1 200 OK\r\nX-Connection: %s\r\nContent-Length: 100\r\n\r\nabc"),
		"/truncated-chunks": raw("HTTP/1.1 200 OK\r\nX-Connection: %s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"),
		"/bucket/":          w.bucket.serve,
		"/bucket":           w.bucket.serve,
	} {
		w.mux.HandleFunc(pattern, h)
	}
	return w
}

// serve answers on l until it is closed.
func (w *web) serve(l net.Listener, idle time.Duration) *http.Server {
	s := &http.Server{
		Handler:     http.HandlerFunc(w.answer),
		IdleTimeout: idle,
		ErrorLog:    silence,
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, strconv.FormatInt(w.count.Add(1), 10))
		},
	}
	go s.Serve(l)
	return s
}

func (w *web) answer(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("X-Connection", number(r))
	rw.Header().Set("X-Method", r.Method)
	w.mux.ServeHTTP(rw, r)
}

func number(r *http.Request) string { return r.Context().Value(connectionKey{}).(string) }

func text(s string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, s) }
}

func echo(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	rw.Header().Set("X-Type", r.Header.Get("Content-Type"))
	rw.Header().Set("X-Transfer", strings.Join(r.TransferEncoding, ","))
	rw.Header().Set("Content-Type", "application/octet-stream")
	rw.Write(body)
}

func big(rw http.ResponseWriter, _ *http.Request) {
	const tens = 300_000
	rw.Header().Set("Content-Length", strconv.Itoa(10*tens))
	io.WriteString(rw, strings.Repeat("0123456789", tens))
}

// zeros answers with so many bytes, which cost the server little.
func zeros(rw http.ResponseWriter, r *http.Request) {
	left, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	rw.Header().Set("Content-Length", strconv.Itoa(left))
	part := make([]byte, 64<<10)
	for left > 0 {
		n, err := rw.Write(part[:min(left, len(part))])
		if err != nil {
			return
		}
		left -= n
	}
}

// packed answers with ten thousand bytes, compressed.
func packed(name string, to func(io.Writer) io.WriteCloser) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Encoding", name)
		w := to(rw)
		io.WriteString(w, strings.Repeat("z", 10_000))
		w.Close()
	}
}

// repeated sends a part several times, each in a chunk of its own.
func repeated(n int, pause time.Duration, part string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		for i := range n {
			if i > 0 {
				time.Sleep(pause)
			}
			io.WriteString(rw, part)
			rw.(http.Flusher).Flush()
		}
	}
}

func slow(rw http.ResponseWriter, r *http.Request) {
	pause(r, 1200*time.Millisecond)
	io.WriteString(rw, "late")
}

// stalls sends the beginning of a body, and the rest too late.
func stalls(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Length", "10")
	io.WriteString(rw, "begin")
	rw.(http.Flusher).Flush()
	pause(r, 3*time.Second)
}

// pause waits, but not for a client that is gone.
func pause(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

func status(rw http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.PathValue("code"))
	if err != nil || code < 200 || code > 599 {
		code = http.StatusBadRequest
	}
	rw.WriteHeader(code)
	fmt.Fprintf(rw, "status %d", code)
}

func redirect(rw http.ResponseWriter, r *http.Request) {
	next := "/"
	if n, _ := strconv.Atoi(r.PathValue("n")); n > 1 {
		next = fmt.Sprintf("/redirect/%d", n-1)
	}
	http.Redirect(rw, r, next, http.StatusFound)
}

func to(code int) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, r.FormValue("url"), code) }
}

func setCookie(rw http.ResponseWriter, _ *http.Request) {
	http.SetCookie(rw, &http.Cookie{Name: "a", Value: "b", Path: "/"})
	http.SetCookie(rw, &http.Cookie{Name: "secure", Value: "c", Path: "/", Secure: true})
	http.SetCookie(rw, &http.Cookie{Name: "elsewhere", Value: "d", Path: "/elsewhere"})
}

// digest asks for the password of "user" and checks the answer (RFC 7616).
func digest(rw http.ResponseWriter, r *http.Request) {
	const realm = "here"
	field := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "Digest "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		field[name] = strings.Trim(value, `"`)
	}
	hash := func(s string) string { sum := md5.Sum([]byte(s)); return hex.EncodeToString(sum[:]) }
	want := hash(strings.Join([]string{
		hash("user:" + realm + ":pass"), field["nonce"], field["nc"], field["cnonce"], "auth", hash(r.Method + ":" + r.URL.Path),
	}, ":"))
	if field["response"] != want {
		rw.Header().Set("WWW-Authenticate", fmt.Sprintf(`Digest realm=%q, qop="auth", nonce=%q`, realm, rand.Text()))
		rw.WriteHeader(http.StatusUnauthorized)
		return
	}
	io.WriteString(rw, "welcome "+field["username"])
}

// flaky is not there for the first two requests with an id.
func (w *web) flaky(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.tries[r.PathValue("id")]++
	n := w.tries[r.PathValue("id")]
	w.mu.Unlock()
	if n <= 2 {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintf(rw, "try %d", n)
}

// raw answers with these bytes, the connection's number in them, and ends the
// connection; over TLS with close_notify.
func raw(format string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		c, buffered, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		if strings.Contains(format, "%s") {
			fmt.Fprintf(buffered, format, number(r))
		}
		buffered.Flush()
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
