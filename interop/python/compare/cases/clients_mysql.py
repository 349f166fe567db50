"""PyMySQL with a real MariaDB: TLS begins in the middle of the connection."""

import os
import ssl

import pymysql

from harness import case, port, raised


def connect(**options):
    options = {"password": "secret", "ssl": ssl.create_default_context()} | options
    return pymysql.connect(host="localhost", port=port("mysql"), user="tester", database="test", **options)


def query(sql, *args, **options):
    connection = connect(**options)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, args)
            return cursor.fetchall()
    finally:
        connection.close()


def error_number(function, *args, **kwargs):
    """Call a function that must fail, and tell the server's number for it."""
    try:
        return function(*args, **kwargs)
    except pymysql.MySQLError as error:
        return type(error).__name__, error.args[0]


@case
def select():
    return query("SELECT 7, %s", "ü")


@case
def over_tls():
    return query("SHOW STATUS LIKE 'Ssl_version'")


@case
def table():
    connection = connect()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE t (n INT, s TEXT)")
        cursor.executemany("INSERT INTO t VALUES (%s, %s)", [(i, "x" * i) for i in range(500)])
        connection.commit()
        cursor.execute("SELECT COUNT(*), SUM(LENGTH(s)) FROM t")
        counted = cursor.fetchone()
    connection.close()
    return counted[0], int(counted[1])


@case
def large_row():
    return len(query("SELECT REPEAT('z', 3000000)")[0][0])


@case
def error():
    return error_number(query, "SELECT nothing")


@case
def read_timeout():
    return raised(query, "SELECT SLEEP(2)", read_timeout=1)


@case
def wrong_password():
    return error_number(connect, password="no")


@case
def without_tls_is_refused():
    return error_number(connect, ssl=None, ssl_disabled=True)


@case
def own_authority():
    """Roots of the program's own are refused."""
    return query("SELECT 1", ssl={"ca": os.environ["OWN_ROOT"]})
