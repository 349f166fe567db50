package compare

import (
	"regexp"
	"slices"
	"strings"
)

// client is a library whose cases are counted together.
type client struct {
	name    string
	pkg     string // its package in packages/site.txt, empty for the standard library
	peer    string // what its cases talk to
	scripts []string
	prefix  string // of its cases, where a script has those of several
}

const inProcess = "servers in Go, good and bad ones"

// clients are in the page's order; a case belongs to the first that has it.
var clients = []client{
	{"urllib3 by itself", "urllib3", inProcess, []string{"requests_pool"}, "urllib3_"},
	{"requests on urllib3", "requests", inProcess, []string{"requests_get", "requests_pool", "certificates", "proxies", "refusals"}, ""},
	{"http.client", "", inProcess, []string{"stdlib"}, "http_client_"},
	{"urllib.request", "", inProcess, []string{"stdlib"}, "urlopen"},
	{"ssl, socket, select", "", inProcess, []string{"stdlib"}, ""},
	{"asyncio: streams, start_tls", "", inProcess, []string{"stdlib_asyncio"}, ""},
	{"smtplib: STARTTLS, SSL", "", inProcess, []string{"stdlib_mail"}, "smtp_"},
	{"imaplib: STARTTLS, SSL", "", inProcess, []string{"stdlib_mail"}, "imap_"},
	{"poplib: STLS, SSL", "", inProcess, []string{"stdlib_mail"}, "pop_"},
	{"ftplib: AUTH TLS, PROT P", "", inProcess, []string{"stdlib_mail"}, "ftp_"},
	{"httpx", "httpx", inProcess, []string{"clients_http"}, "httpx_"},
	{"boto3, S3", "boto3", "a bucket in Go", []string{"clients_http"}, "boto3_"},
	{"aiohttp", "aiohttp", inProcess, []string{"clients_http"}, "aiohttp_"},
	{"websockets, for asyncio", "websockets", "a server of the same package", []string{"clients_websockets"}, ""},
	{"redis-py", "redis", "Debian's Redis", []string{"clients_redis"}, ""},
	{"paho-mqtt", "paho-mqtt", "Debian's Mosquitto", []string{"clients_mqtt"}, ""},
	{"PyMySQL", "pymysql", "Debian's MariaDB", []string{"clients_mysql"}, ""},
}

// clientOf returns the client that a result belongs to.
func clientOf(r Result) (client, bool) {
	i := slices.IndexFunc(clients, func(c client) bool {
		return slices.Contains(c.scripts, r.Script) && strings.HasPrefix(r.Case, c.prefix)
	})
	if i < 0 {
		return client{}, false
	}
	return clients[i], true
}

// version is the one in packages/site.txt, or that of the guest's Python.
func (c client) version(guest string) string {
	if c.pkg == "" {
		return "Python " + guest
	}
	return listedVersion("site", c.pkg)
}

// listedVersion is the version of a package in one of the lists.
func listedVersion(list, pkg string) string {
	text, err := files.ReadFile(listFile(list))
	if err != nil {
		return ""
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(pkg) + `==(\S+)`).FindSubmatch(text)
	if m == nil {
		return ""
	}
	return string(m[1])
}
