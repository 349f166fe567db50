// There is no Go here. This file keeps `./...` of the repository's module out of this folder,
// and the folder out of what users of that module download.
module github.com/wasitls/wasitls/guests

go 1.26
