"""Mail and files: TLS from the beginning, and TLS in the middle of a connection."""

import ftplib
import imaplib
import io
import poplib
import smtplib
import ssl

from harness import case, port, raised

MAIL = "From: a@from.test\r\nTo: b@to.test\r\n\r\n" + "text\r\n" * 2000


def context():
    return ssl.create_default_context()


def send(server):
    server.ehlo()
    server.mail("a@from.test")
    server.rcpt("b@to.test")
    answer = server.data(MAIL)
    server.quit()
    return answer


@case
def smtp_starttls():
    server = smtplib.SMTP("localhost", port("smtp"))
    return server.starttls(context=context())[0], send(server)


@case
def smtp_without_tls():
    return send(smtplib.SMTP("localhost", port("smtp")))


@case
def smtp_ssl():
    return send(smtplib.SMTP_SSL("localhost", port("smtps"), context=context()))


@case
def smtp_untrusted():
    server = smtplib.SMTP("localhost", port("smtp-bad"))
    return raised(server.starttls, context=context())


@case
def smtp_default_context():
    """smtplib does not verify unless told to; the host does whatever the guest says."""
    server = smtplib.SMTP("localhost", port("smtp-bad"))
    return server.starttls()[0]


@case
def smtp_default_context_trusted():
    server = smtplib.SMTP("localhost", port("smtp"))
    return server.starttls()[0], send(server)


@case
def smtp_silent():
    return raised(smtplib.SMTP, "localhost", port("silent"), timeout=0.3)


@case
def imap_starttls():
    mail = imaplib.IMAP4("localhost", port("imap"))
    before = "STARTTLS" in mail.capabilities
    mail.starttls(context())
    after = "STARTTLS" in mail.capabilities
    return before, after, mail.login("a", "b")[0], mail.select(), mail.logout()[0]


@case
def imap_ssl():
    with imaplib.IMAP4_SSL("localhost", port("imaps"), ssl_context=context()) as mail:
        return mail.login("a", "b")[0], mail.select()


@case
def imap_untrusted():
    return raised(imaplib.IMAP4("localhost", port("imap-bad")).starttls, context())


@case
def pop_starttls():
    mail = poplib.POP3("localhost", port("pop"))
    mail.stls(context())
    return mail.stat(), mail.quit()


@case
def pop_ssl():
    mail = poplib.POP3_SSL("localhost", port("pops"), context=context())
    return mail.stat(), mail.quit()


def ftp(peer="ftp"):
    files = ftplib.FTP_TLS(context=context())
    files.connect("localhost", port(peer))
    files.login("a", "b")
    files.prot_p()
    return files


@case
def ftp_retrieve():
    """The data's connection is ended with unwrap."""
    files, parts = ftp(), []
    answer = files.retrbinary("RETR x", parts.append)
    return len(b"".join(parts)), answer, files.quit()


@case
def ftp_store():
    files = ftp()
    return files.storbinary("STOR y", io.BytesIO(b"z" * 300000)), files.quit()


@case
def ftp_untrusted():
    return raised(ftp, "ftp-bad")
