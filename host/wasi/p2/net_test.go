package p2_test

import (
	"testing"

	"github.com/wasitls/wasitls/host/wasi/internal/wasitest"
)

var networked = wasitest.NetGuest{World: world, Name: "net-c"}

func TestGuestLookup(t *testing.T)              { networked.Lookup(t) }
func TestGuestConnect(t *testing.T)             { networked.Connect(t) }
func TestGuestServes(t *testing.T)              { networked.Serve(t) }
func TestGuestDatagrams(t *testing.T)           { networked.Datagrams(t) }
func TestGuestStoppedWhileWaiting(t *testing.T) { networked.StoppedWhileWaiting(t) }
