package audit

import (
	"context"
	"log/slog"
	"reflect"
	"strings"

	"github.com/wasitls/wasitls/wasitls"
)

// Slog returns a function, for wasitls.Config.Audit, that tells events to the
// logger. Refused is a warning, the others are information. The attributes are
// the fields of Record with their JSON names, but for the kind, which is in the
// message, and the time, which slog has itself.
func Slog(to *slog.Logger) func(wasitls.Event) {
	return func(e wasitls.Event) {
		level := slog.LevelInfo
		if e.Kind == wasitls.Refused {
			level = slog.LevelWarn
		}
		ctx := context.Background()
		if to.Enabled(ctx, level) {
			to.LogAttrs(ctx, level, "tls connection "+e.Kind.String(), attributes(NewRecord(e))...)
		}
	}
}

func attributes(r Record) (all []slog.Attr) {
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if f := v.Field(i); !f.IsZero() && name != "event" && name != "time" {
			all = append(all, slog.Any(name, f.Interface()))
		}
	}
	return all
}
