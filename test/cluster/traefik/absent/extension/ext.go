// Package ext stands for Traefik's point of extension, a module inside of its
// repository that its own module does not carry: there is no extension.
package ext

// HTTP has nothing to add.
type HTTP struct{}

// Router has nothing to add.
type Router struct{}
