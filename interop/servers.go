package interop

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Servers returns the rows. All but gnutls-serv and selfserv can be told to listen
// on loopback only; those two are on every address while their case runs.
func Servers() []Server {
	return []Server{
		{Name: "openssl s_server", Library: "OpenSSL", Package: "openssl", Program: "openssl", Version: []string{"openssl", "version"}, command: opensslServer},
		{Name: "nginx", Library: "OpenSSL", Package: "nginx-light", Program: "nginx", Version: []string{"nginx", "-v"}, command: nginx},
		{Name: "gnutls-serv", Library: "GnuTLS", Package: "gnutls-bin", Program: "gnutls-serv", Version: []string{"gnutls-serv", "--version"}, OwnPage: true, command: gnutlsServ},
		{Name: "Apache", Library: "OpenSSL", Package: "apache2", Program: "apache2", Version: []string{"apache2", "-v"}, command: apache},
		{Name: "haproxy", Library: "OpenSSL", Package: "haproxy", Program: "haproxy", Version: []string{"haproxy", "-v"}, command: haproxy},
		{Name: "stunnel", Library: "OpenSSL", Package: "stunnel4", Program: "stunnel4", Version: []string{"stunnel4", "-version"}, command: stunnel},
		{Name: "Node https", Library: "OpenSSL", Package: "nodejs", Program: "node", Version: []string{"node", "--version"}, command: node},
		{Name: "Python ssl", Library: "OpenSSL", Package: "python3", Program: "/usr/bin/python3", Version: []string{"/usr/bin/python3", "--version"}, command: python},
		{Name: "lighttpd", Library: "OpenSSL", Package: "lighttpd lighttpd-mod-openssl", Program: "lighttpd", Version: []string{"lighttpd", "-v"}, command: lighttpd},
		{Name: "hitch", Library: "OpenSSL", Package: "hitch", Program: "hitch", Version: []string{"hitch", "--version"}, command: hitch},
		{Name: "socat", Library: "OpenSSL", Package: "socat", Program: "socat", Version: []string{"socat", "-V"}, command: socat},
		{Name: "NSS selfserv", Library: "NSS", Package: "libnss3-tools", Program: "selfserv", Version: []string{"dpkg-query", "-W", "-f", "${Version}", "libnss3"}, OwnPage: true, command: selfserv},
		{Name: "h2o", Library: "picotls", Package: "h2o", Program: "h2o", Version: []string{"h2o", "--version"}, command: h2o},
		{Name: "Java HttpsServer", Library: "JSSE", Package: "openjdk-17-jdk-headless", Program: "java", Version: []string{"java", "-version"}, command: java},
		{Name: "Erlang ssl", Library: "Erlang/OTP", Package: "erlang-ssl", Program: "escript", Version: []string{"dpkg-query", "-W", "-f", "${Version}", "erlang-ssl"}, command: erlang},
		{Name: "Go", Library: "crypto/tls", serve: goServer},
	}
}

// Packages returns the Debian packages of the servers that are not installed.
func Packages() []string {
	var list []string
	for _, s := range append(slices.Concat(Servers(), MailServers()), postgreSQL()) {
		if _, err := s.find(); err != nil {
			for name := range strings.FieldsSeq(s.Package) {
				if !slices.Contains(list, name) { // several rows may be of one
					list = append(list, name)
				}
			}
		}
	}
	return list
}

func opensslServer(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	args := []string{program, "s_server", "-accept", "127.0.0.1:" + s.Port, "-WWW", "-quiet",
		"-cert", s.Leaf.cert, "-key", s.Leaf.key, strings.NewReplacer("TLSv", "-tls", ".", "_").Replace(version)}
	if s.Leaf.sent > 1 {
		args = append(args, "-cert_chain", s.Leaf.above)
	}
	if group != "" {
		args = append(args, "-groups", group)
	}
	if s.weak() {
		args = append(args, "-cipher", oldCiphers)
	}
	return Command{Args: args, Dir: s.Docs}, nil
}

// nginxFrame is a configuration: a folder for the files of a start, and what a
// server is.
const nginxFrame = `daemon off;
master_process off;
pid %[1]s/nginx.pid;
error_log stderr;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path %[1]s/t1;
	proxy_temp_path %[1]s/t2;
	fastcgi_temp_path %[1]s/t3;
	uwsgi_temp_path %[1]s/t4;
	scgi_temp_path %[1]s/t5;
	server {
		%[2]s
	}
}
`

func nginx(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	conf, err := s.write("nginx.conf", fmt.Sprintf(nginxFrame, s.Dir, fmt.Sprintf(`listen 127.0.0.1:%s ssl;
		root %s;
		ssl_certificate %s;
		ssl_certificate_key %s;
		ssl_protocols %s;
		%s%s`, s.Port, s.Docs, s.Leaf.chain, s.Leaf.key, version,
		when(group != "", "ssl_ecdh_curve "+group+";"), when(s.weak(), "ssl_ciphers "+oldCiphers+";"))))
	return Command{Args: []string{program, "-p", s.Dir, "-e", "stderr", "-c", conf}}, err
}

func gnutlsServ(program string, s Setup) (Command, error) {
	version := map[uint16]string{tls.VersionTLS11: "1.1", tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"}[s.Case.Version]
	priority := "NORMAL:-VERS-ALL:+VERS-TLS" + version
	if s.Case.Group == tls.CurveP384 {
		priority += ":-GROUP-ALL:+GROUP-SECP384R1"
	}
	return Command{Args: []string{program, "--http", "--port", s.Port, "--priority", priority,
		"--x509certfile", s.Leaf.chain, "--x509keyfile", s.Leaf.key}, Dir: s.Docs}, nil
}

func apache(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	conf, err := s.write("apache.conf", fmt.Sprintf(`ServerRoot %[1]s
ServerName localhost
PidFile %[1]s/apache.pid
ErrorLog /dev/stderr
Mutex file:%[1]s default
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
StartServers 1
ServerLimit 1
ThreadsPerChild 8
ThreadLimit 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
Listen 127.0.0.1:%[2]s
%[3]sDocumentRoot %[4]s
SSLEngine on
SSLCertificateFile %[5]s
SSLCertificateKeyFile %[6]s
SSLProtocol -all +%[7]s
SSLSessionCache none
%[8]s%[9]s`, s.Dir, s.Port, when(os.Getuid() == 0, "User www-data\nGroup www-data\n"), s.Docs, s.Leaf.chain, s.Leaf.key, version,
		when(group != "", "SSLOpenSSLConfCmd Groups "+group+"\n"), when(s.weak(), "SSLCipherSuite "+oldCiphers+"\n")))
	return Command{Args: []string{program, "-f", conf, "-DFOREGROUND"}}, err
}

func haproxy(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	conf, err := s.write("haproxy.cfg", fmt.Sprintf(`global
	maxconn 64
defaults
	mode http
	timeout client 20s
	timeout server 20s
	timeout connect 5s
frontend tls
	bind 127.0.0.1:%s ssl crt %s ssl-min-ver %[3]s ssl-max-ver %[3]s%s%s
	default_backend plain
backend plain
	server one %s
`, s.Port, s.Leaf.both, version, when(group != "", " curves "+group), when(s.weak(), " ciphers "+oldCiphers), s.Backend))
	return Command{Args: []string{program, "-db", "-f", conf}}, err
}

func stunnel(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	conf, err := s.write("stunnel.conf", fmt.Sprintf(`foreground = yes
syslog = no
pid =
[tls]
accept = 127.0.0.1:%s
connect = %s
cert = %s
key = %s
sslVersionMin = %[5]s
sslVersionMax = %[5]s
%s%s`, s.Port, s.Backend, s.Leaf.chain, s.Leaf.key, version,
		when(group != "", "curves = "+group+"\n"), when(s.weak(), "securityLevel = 0\nciphers = "+oldCiphers+"\n")))
	return Command{Args: []string{program, conf}}, err
}

func node(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	script, err := s.write("server.js", fmt.Sprintf(`const https = require('https'), fs = require('fs');
https.createServer({
  cert: fs.readFileSync(%q), key: fs.readFileSync(%q),
  minVersion: %[3]q, maxVersion: %[3]q, %s%s
}, (req, res) => fs.readFile(%q + req.url, (err, data) => {
  if (err) { res.writeHead(404); res.end(); return; }
  res.end(data);
})).listen(%s, '127.0.0.1');
`, s.Leaf.chain, s.Leaf.key, version,
		when(group != "", "ecdhCurve: '"+group+"', "), when(s.weak(), "ciphers: '"+oldCiphers+"', "), s.Docs, s.Port))
	return Command{Args: []string{program, script}}, err
}

func python(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	curve := map[string]string{"P-384": "secp384r1"}[group]
	script, err := s.write("server.py", fmt.Sprintf(`import functools, http.server, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
%[1]scontext.minimum_version = context.maximum_version = ssl.TLSVersion.%[2]s
context.load_cert_chain(%[3]q, %[4]q)
%[5]shandler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=%[6]q)
server = http.server.ThreadingHTTPServer(("127.0.0.1", %[7]s), handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
`, when(s.weak(), "context.set_ciphers('"+oldCiphers+"')\n"), strings.ReplaceAll(version, ".", "_"), s.Leaf.chain, s.Leaf.key,
		when(curve != "", "context.set_ecdh_curve('"+curve+"')\n"), s.Docs, s.Port))
	return Command{Args: []string{program, "-W", "ignore", script}}, err
}

func lighttpd(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	conf, err := s.write("lighttpd.conf", fmt.Sprintf(`server.modules = ("mod_openssl")
server.document-root = %q
server.bind = "127.0.0.1"
server.port = %s
ssl.engine = "enable"
ssl.pemfile = %q
ssl.privkey = %q
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => %[5]q, "MaxProtocol" => %[5]q%s%s)
`, s.Docs, s.Port, s.Leaf.chain, s.Leaf.key, version,
		when(group != "", `, "Curves" => "`+group+`"`), when(s.weak(), `, "CipherString" => "`+oldCiphers+`"`)))
	return Command{Args: []string{program, "-D", "-f", conf}}, err
}

func hitch(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	conf, err := s.write("hitch.conf", fmt.Sprintf(`frontend = "[127.0.0.1]:%s"
backend = "[127.0.0.1]:%s"
pem-file = %q
workers = 1
daemon = off
tls-protos = %s
%s%s%s`, s.Port, strings.TrimPrefix(s.Backend, "127.0.0.1:"), s.Leaf.both, version,
		when(os.Getuid() == 0, "user = \"nobody\"\n"),
		when(group != "", "ecdh-curve = \""+group+"\"\n"), when(s.weak(), "ciphers = \""+oldCiphers+"\"\n")))
	return Command{Args: []string{program, "--config=" + conf}}, err
}

func socat(program string, s Setup) (Command, error) {
	version, _ := s.openssl() // its one group is P-256, whatever the case asks for
	listen := fmt.Sprintf("OPENSSL-LISTEN:%s,bind=127.0.0.1,fork,reuseaddr,verify=0,cert=%s,openssl-min-proto-version=%[3]s,openssl-max-proto-version=%[3]s%s",
		s.Port, s.Leaf.both, strings.TrimPrefix(version, "v"), when(s.weak(), ",cipher="+oldCiphers))
	return Command{Args: []string{program, listen, "TCP:" + s.Backend}}, nil
}

func selfserv(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	db, p12 := "sql:"+s.Dir, filepath.Join(s.Dir, "leaf.p12")
	nss := strings.ToLower(strings.ReplaceAll(version, "v", ""))
	args := []string{program, "-d", db, "-p", s.Port, "-V", nss + ":" + nss}
	// Each kind of key has an option of its own.
	args = append(args, map[bool]string{true: "-n", false: "-e"}[s.Case.Leaf == "rsa"], "leaf")
	if group != "" {
		args = append(args, "-I", strings.ReplaceAll(group, "-", ""))
	}
	return Command{Args: args, Before: [][]string{
		{"certutil", "-N", "-d", db, "--empty-password"},
		packed(s.Leaf, p12),
		{"pk12util", "-i", p12, "-d", db, "-W", "interop", "-K", ""},
	}}, nil
}

// packed is the command that puts a leaf into a PKCS #12 file, with the password
// "interop".
func packed(l leaf, file string) []string {
	return []string{"openssl", "pkcs12", "-export", "-inkey", l.key, "-in", l.chain, "-name", "leaf", "-passout", "pass:interop", "-out", file}
}

func h2o(program string, s Setup) (Command, error) {
	version, _ := s.openssl() // it has no setting for the group
	conf, err := s.write("h2o.conf", fmt.Sprintf(`listen:
  host: 127.0.0.1
  port: %s
  ssl:
    certificate-file: %s
    key-file: %s
    minimum-version: %[4]s
    maximum-version: %[4]s
%snum-threads: 1
error-log: /dev/stderr
hosts:
  default:
    paths:
      /:
        file.dir: %s
`, s.Port, s.Leaf.chain, s.Leaf.key, version, when(os.Getuid() == 0, "user: nobody\n"), s.Docs))
	return Command{Args: []string{program, "-c", conf}}, err
}

func erlang(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	curve := map[string]string{"P-384": "secp384r1"}[group]
	script, err := s.write("server.escript", fmt.Sprintf(`#!/usr/bin/env escript
%%%%! +S 1
main([]) ->
  ok = ssl:start(),
  {ok, L} = ssl:listen(%s, [binary, {ip, {127,0,0,1}}, {active, false}, {reuseaddr, true},
    {certfile, %q}, {keyfile, %q}, {versions, ['%s']}%s]),
  accept(L).
accept(L) ->
  {ok, T} = ssl:transport_accept(L),
  Pid = spawn(fun() -> receive go -> serve(ssl:handshake(T, 5000)) end end),
  ssl:controlling_process(T, Pid), Pid ! go,
  accept(L).
serve({ok, S}) -> reply(S, read(S, <<>>)), ssl:close(S);
serve(Other) -> io:format("~p~n", [Other]).
read(S, Got) ->
  case binary:match(Got, <<"\r\n\r\n">>) of
    nomatch ->
      case ssl:recv(S, 0, 5000) of
        {ok, More} -> read(S, <<Got/binary, More/binary>>);
        {error, _} -> exit(normal)
      end;
    _ -> [_, Path | _] = binary:split(Got, <<" ">>, [global]), Path
  end.
reply(S, Path) ->
  {ok, Body} = file:read_file(<<%q, Path/binary>>),
  ssl:send(S, [io_lib:format("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ~b\r\n\r\n", [byte_size(Body)]), Body]).
`, s.Port, s.Leaf.chain, s.Leaf.key, strings.ToLower(version),
		when(curve != "", ", {supported_groups, ["+curve+"]}"), s.Docs))
	return Command{Args: []string{program, script}}, err
}

func java(program string, s Setup) (Command, error) {
	version, group := s.openssl()
	curve := map[string]string{"P-384": "secp384r1"}[group]
	p12 := filepath.Join(s.Dir, "leaf.p12")
	source, err := s.write("Server.java", fmt.Sprintf(`import com.sun.net.httpserver.*;
import javax.net.ssl.*;
import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.security.*;

public class Server {
  public static void main(String[] args) throws Exception {
    Security.setProperty("jdk.tls.disabledAlgorithms", "");
    char[] password = "interop".toCharArray();
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(new FileInputStream(%q), password);
    KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
    keys.init(store, password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", %s), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context) {
      public void configure(HttpsParameters p) {
        SSLParameters s = context.getDefaultSSLParameters();
        s.setProtocols(new String[] {%q});
        p.setSSLParameters(s);
      }
    });
    server.createContext("/", x -> {
      byte[] body = Files.readAllBytes(Path.of(%q + x.getRequestURI().getPath()));
      x.getResponseHeaders().set("Connection", "close");
      x.sendResponseHeaders(200, body.length);
      x.getResponseBody().write(body);
      x.close();
    });
    server.start();
  }
}
`, p12, s.Port, version, s.Docs))
	args := []string{program, "-Xmx128m", "-XX:TieredStopAtLevel=1", "-Xshare:auto"}
	if curve != "" {
		args = append(args, "-Djdk.tls.namedGroups="+curve)
	}
	return Command{Args: append(args, source), Before: [][]string{packed(s.Leaf, p12)}}, err
}
