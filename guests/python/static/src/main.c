// The command: stock Python with one module more. The library is on a preopen, in the archive
// that Python looks for first, and so without the files by which it knows an installation: the
// warning about these is off.
#include <Python.h>

PyMODINIT_FUNC PyInit__wasitls(void);

int main(int argc, char **argv) {
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.pathconfig_warnings = 0;
  PyStatus status = PyConfig_SetBytesArgv(&config, argc, argv);
  if (!PyStatus_Exception(status) && PyImport_AppendInittab("_wasitls", PyInit__wasitls) < 0)
    status = PyStatus_NoMemory();
  if (!PyStatus_Exception(status))
    status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status))
    Py_ExitStatusException(status);
  return Py_RunMain();
}
