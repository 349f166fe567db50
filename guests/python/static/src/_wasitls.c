// The C module _wasitls: tls_fd.h for Python.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "tls_fd.h"

PyDoc_STRVAR(start_doc, "start(fd, server_name, /)\n--\n\n"
                        "Hand a connected TCP socket to the host and begin the handshake.");

static PyObject *start(PyObject *module, PyObject *args) {
  int fd;
  const char *name;
  if (!PyArg_ParseTuple(args, "is:start", &fd, &name))
    return NULL;
  if (tls_fd_start(fd, name) < 0)
    return PyErr_SetFromErrno(PyExc_OSError);
  Py_RETURN_NONE;
}

PyDoc_STRVAR(finish_doc, "finish(fd, /)\n--\n\n"
                         "None while the handshake runs, True when it succeeded, False when it failed.");

static PyObject *finish(PyObject *module, PyObject *arg) {
  int fd = PyObject_AsFileDescriptor(arg);
  if (fd < 0)
    return NULL;
  switch (tls_fd_finish(fd)) {
  case TLS_FD_RUNNING:
    Py_RETURN_NONE;
  case TLS_FD_OPEN:
    Py_RETURN_TRUE;
  case TLS_FD_FAILED:
    Py_RETURN_FALSE;
  case TLS_FD_NONE:
    break;
  }
  PyErr_SetString(PyExc_ValueError, "no TLS on this file descriptor");
  return NULL;
}

PyDoc_STRVAR(failure_doc, "failure(fd, /)\n--\n\n"
                          "What the host said about the last failure on this descriptor, or None.");

static PyObject *failure(PyObject *module, PyObject *arg) {
  int fd = PyObject_AsFileDescriptor(arg);
  if (fd < 0)
    return NULL;
  const char *text = tls_fd_failure(fd);
  if (text == NULL)
    Py_RETURN_NONE;
  return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

static PyMethodDef methods[] = {
    {"start", start, METH_VARARGS, start_doc},
    {"finish", finish, METH_O, finish_doc},
    {"failure", failure, METH_O, failure_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_wasitls",
    .m_doc = "TLS by the host, on the sockets of wasi-libc.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__wasitls(void) {
  const char *mismatch = tls_fd_mismatch();
  if (mismatch != NULL)
    return PyErr_Format(PyExc_ImportError, "_wasitls was built for another wasi-libc: %s", mismatch);
  return PyModule_Create(&definition);
}
