// Package policytest proves every field of a wasitls.Policy through real
// guests, of both drafts: what the field allows works, what it forbids fails
// with an error that says so, and no byte of the application gets out.
//
// Its tests are one table, in fields_test.go, of which another test demands
// that no field is missing.
package policytest
