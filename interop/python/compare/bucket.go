package compare

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// bucket is as much of S3 as a client needs to store objects below /bucket.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
}

type listing struct {
	XMLName  xml.Name `xml:"ListBucketResult"`
	Name     string
	KeyCount int
	Contents []listed
}

type listed struct {
	Key  string
	Size int
	ETag string
}

func (b *bucket) serve(rw http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		s3Error(rw, http.StatusForbidden, "AccessDenied")
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	key := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/bucket"), "/")
	object, found := b.objects[key]
	switch {
	case key == "" && r.Method == http.MethodGet:
		b.list(rw, r.FormValue("prefix"))
	case r.Method == http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s3Error(rw, http.StatusBadRequest, "IncompleteBody")
			return
		}
		b.objects[key] = decoded(r, body)
		rw.Header().Set("ETag", etag(b.objects[key]))
	case !found:
		s3Error(rw, http.StatusNotFound, "NoSuchKey")
	case r.Method == http.MethodDelete:
		delete(b.objects, key)
		rw.WriteHeader(http.StatusNoContent)
	default:
		rw.Header().Set("ETag", etag(object))
		rw.Write(object)
	}
}

func (b *bucket) list(rw http.ResponseWriter, prefix string) {
	l := listing{Name: "bucket"}
	for key, object := range b.objects {
		if strings.HasPrefix(key, prefix) {
			l.Contents = append(l.Contents, listed{key, len(object), etag(object)})
		}
	}
	slices.SortFunc(l.Contents, func(a, b listed) int { return strings.Compare(a.Key, b.Key) })
	l.KeyCount = len(l.Contents)
	rw.Header().Set("Content-Type", "application/xml")
	xml.NewEncoder(rw).Encode(l)
}

// decoded takes the chunks of aws-chunked apart: a line with a length in front
// of each, trailers after the last.
func decoded(r *http.Request, body []byte) []byte {
	if !strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		return body
	}
	var out []byte
	for rest := string(body); ; {
		line, after, _ := strings.Cut(rest, "\r\n")
		n := 0
		for _, c := range strings.ToLower(strings.TrimSpace(line)) {
			n = n<<4 + strings.IndexRune("0123456789abcdef", c)
		}
		if n <= 0 || n > len(after) {
			return out
		}
		out = append(out, after[:n]...)
		rest = strings.TrimPrefix(after[n:], "\r\n")
	}
}

func etag(object []byte) string {
	sum := md5.Sum(object)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func s3Error(rw http.ResponseWriter, status int, code string) {
	rw.Header().Set("Content-Type", "application/xml")
	rw.WriteHeader(status)
	io.WriteString(rw, "<Error><Code>"+code+"</Code><Message>"+code+"</Message></Error>")
}
