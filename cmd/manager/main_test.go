package main

import "testing"

// TestReplicasElectALeaderThatLetsGoAtItsEnd holds the wiring to what the tests of two replicas presume.
func TestReplicasElectALeaderThatLetsGoAtItsEnd(t *testing.T) {
	for arguments, elect := range map[string]bool{"": true, "--leader-elect=false": false} {
		var list []string
		if arguments != "" {
			list = []string{arguments}
		}
		f, err := parse(list)
		if err != nil {
			t.Fatal(err)
		}
		options, err := managerOptions(f)
		if err != nil {
			t.Fatal(err)
		}
		if options.LeaderElection != elect || options.LeaderElectionID != "halo-operator.halo.dev" || !options.LeaderElectionReleaseOnCancel {
			t.Errorf("%q: election %t, lease %q, let go of at the end %t", arguments, options.LeaderElection, options.LeaderElectionID, options.LeaderElectionReleaseOnCancel)
		}
	}
}
