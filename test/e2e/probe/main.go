// Command probe tries TCP connections for a few seconds and says whether one
// came about: the end-to-end test runs it in pods to see what the network lets
// through. Its exit status is 0 when the connection was made.
package main

import (
	"fmt"
	"net"
	"os"
	"time"
)

// A connection that policies let through is there in milliseconds; one that
// they drop never is.
const patience = 4 * time.Second

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: probe HOST:PORT")
		os.Exit(2)
	}
	connection, err := net.DialTimeout("tcp", os.Args[1], patience)
	if err != nil {
		fmt.Println("shut out:", err)
		os.Exit(1)
	}
	_ = connection.Close()
	fmt.Println("connected")
}
