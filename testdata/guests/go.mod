module github.com/wasitls/wasitls/testdata/guests

go 1.26
