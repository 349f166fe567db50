;; A component that takes get-random-u64 for something else.
(component
  (import "wasi:random/random@0.2.12" (instance (export "get-random-u64" (func (result u32)))))
  (import "wasi:random/insecure@0.2.0" (instance (export "get-insecure-random-u64" (func (result u64))))))
