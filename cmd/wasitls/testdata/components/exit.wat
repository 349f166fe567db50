;; A command that ends with a status of its own, 42, which standard libraries cannot do yet.
(component
  (import "wasi:cli/exit@0.2.12" (instance $exit
    (export "exit-with-code" (func (param "status-code" u8)))))
  (core func $exit-with-code (canon lower (func $exit "exit-with-code")))
  (core module $m
    (import "" "exit" (func $exit (param i32)))
    (func (export "run") (result i32)
      (call $exit (i32.const 42))
      unreachable))
  (core instance $i (instantiate $m
    (with "" (instance (export "exit" (func $exit-with-code))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (component $runner
    (import "f" (func $f (result (result))))
    (export "run" (func $f)))
  (instance $run (instantiate $runner (with "f" (func $run))))
  (export "wasi:cli/run@0.2.12" (instance $run)))
