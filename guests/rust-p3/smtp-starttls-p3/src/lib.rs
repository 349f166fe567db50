//! `smtp-starttls-p3 HOST:PORT [OPTION...]`: SMTP with STARTTLS over the host's TLS.
//!
//! It prints what the server can do, a line `plain WORD...` each before TLS and `tls WORD...`
//! after it, and, if there was a mail to send, `accepted` with the server's reply. On failure
//! the reason goes to stderr and the exit is 1.

mod options;
mod smtp;

use std::io;

use wasi_tls_client_p3::cli::{self, Output};
use wasi_tls_client_p3::{TcpStream, TlsStream, within};

use options::{Mail, Options};
use smtp::{Capabilities, Session, bad};

wasi_tls_client_p3::command!(main);

/// What the guest calls itself towards the server.
const ME: &str = "guest.invalid";

async fn main() -> Result<(), ()> {
    let mut out = Output::stdout();
    let outcome = match Options::parse(cli::arguments().into_iter()) {
        Ok(o) => {
            let done = within(Some(o.timeout), "smtp", run(&o, &mut out)).await;
            done.map_err(|e| format!("{}:{}: {e}", o.host, o.port))
        }
        Err(e) => Err(e),
    };
    let closed = out.close().await.map_err(|e| e.to_string());
    if let Err(e) = outcome.and(closed) {
        cli::complain(&format!("smtp-starttls-p3: {e}")).await;
        return Err(());
    }
    Ok(())
}

async fn run(o: &Options, out: &mut Output) -> io::Result<()> {
    let tcp = TcpStream::connect(&o.host, o.port).await?;
    let mut plain = Session::new(tcp.reader, tcp.writer);
    plain.reply("greeting", 220).await?;
    let can = plain.hello(ME).await?;
    print(out, "plain", &can).await?;
    if !can.offers("STARTTLS") {
        return Err(bad("the server does not offer STARTTLS"));
    }
    plain.command("STARTTLS", 220).await?;
    let (reader, writer) = plain.into_parts()?;
    let tls = TlsStream::over(reader, writer, &o.name).await?;

    // Whatever was learnt before counts no more (RFC 3207, 4.2).
    let mut session = Session::new(tls.reader, tls.writer);
    print(out, "tls", &session.hello(ME).await?).await?;
    if let Some(mail) = &o.mail {
        let reply = send(&mut session, mail).await?;
        out.line(&format!("accepted {reply}")).await?;
    }
    session.command("QUIT", 221).await?;
    let (reader, writer) = session.into_parts()?;
    TlsStream { reader, writer }.close().await
}

async fn send(session: &mut Session, mail: &Mail) -> io::Result<String> {
    session.command(&format!("MAIL FROM:<{}>", mail.from), 250).await?;
    session.command(&format!("RCPT TO:<{}>", mail.to), 250).await?;
    session.command("DATA", 354).await?;
    let head = format!("From: <{}>\r\nTo: <{}>\r\n\r\n", mail.from, mail.to);
    session.data(&head, &mail.text).await?;
    session.reply("data", 250).await
}

async fn print(out: &mut Output, when: &str, can: &Capabilities) -> io::Result<()> {
    for line in can.lines() {
        out.line(&format!("{when} {line}")).await?;
    }
    Ok(())
}
