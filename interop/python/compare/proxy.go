package compare

import (
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
)

// proxy is an HTTP proxy. It knows every name below .test as this machine, except
// one that it refuses.
type proxy struct {
	password string // what Proxy-Authorization must hold, empty for nothing
}

func (p proxy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if p.password != "" && r.Header.Get("Proxy-Authorization") != p.password {
		rw.Header().Set("Proxy-Authenticate", "Basic")
		rw.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	if r.Method != http.MethodConnect {
		(&httputil.ReverseProxy{Director: func(*http.Request) {}, ErrorLog: silence}).ServeHTTP(rw, r)
		return
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil || host == "forbidden.test" {
		rw.WriteHeader(http.StatusForbidden)
		return
	}
	if strings.HasSuffix(strings.ToLower(host), ".test") {
		host = "127.0.0.1"
	}
	there, err := net.Dial("tcp", net.JoinHostPort(host, port))
	if err != nil {
		rw.WriteHeader(http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, buffered, err := rw.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		io.Copy(there, buffered)
		there.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(here, there)
}
