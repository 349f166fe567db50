// Package project holds the tests of the repository as a whole: who may import
// whom, that what is exported is documented, that the commands in the documents
// do what the documents say. It exports nothing.
package project
