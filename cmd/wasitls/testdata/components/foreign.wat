;; A command that needs an interface nobody here has, and one item too many of one that is here.
(component
  (import "acme:weather/forecast@1.2.0" (instance (export "tomorrow" (func (result string)))))
  (import "wasi:random/random@0.2.12" (instance (export "get-dice" (func (result u64)))))
  (import "plain" (func)))
