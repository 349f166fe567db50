;; A command that computes for ever.
(component
  (core module $m (func (export "run") (result i32) (loop $l (br $l)) unreachable))
  (core instance $i (instantiate $m))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (component $runner
    (import "f" (func $f (result (result))))
    (export "run" (func $f)))
  (instance $run (instantiate $runner (with "f" (func $run))))
  (export "wasi:cli/run@0.2.12" (instance $run)))
