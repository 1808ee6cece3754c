package mail

import (
	"net"
	"sync"
)

// onceConnection holds a connection that is closed once, by its owner at the
// end or by an ended context, whichever comes first.
type onceConnection struct {
	mutex      sync.Mutex
	connection net.Conn
	closed     bool
}

func (o *onceConnection) set(connection net.Conn) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.connection = connection
	if o.closed {
		_ = connection.Close()
	}
}

func (o *onceConnection) close() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.connection != nil && !o.closed {
		_ = o.connection.Close()
	}
	o.closed = true
}
