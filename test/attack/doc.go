// Package attack attacks the real program, on loopback and for a bounded time: with sqlmap, wapiti and testssl.sh from
// Debian, with clients that are slow, huge or many, and with forged and replayed requests. `make attack` runs it; a
// finding fails the run.
package attack
