"""mail.py HOST PORT FROM TO TEXT: hand a mail over, with STARTTLS."""

import smtplib
import ssl
import sys


def main(host, port, sender, recipient, text):
    with smtplib.SMTP(host, int(port), timeout=10) as server:
        server.starttls(context=ssl.create_default_context())
        server.sendmail(sender, [recipient], f"Subject: {text}\r\n\r\n{text}\r\n")
    print("sent")


if __name__ == "__main__":
    main(*sys.argv[1:])
