package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// cgroupRoot is where control groups are mounted: one hierarchy (version 2) or
// a folder for each (version 1).
const cgroupRoot = "/sys/fs/cgroup"

// CgroupName is the control group of the node's pods in every hierarchy.
func (c *Cluster) CgroupName() string { return "halo-local-" + c.Name }

// hierarchies gives the folder of each control group hierarchy.
func hierarchies() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers")); err == nil {
		return []string{cgroupRoot}, nil
	}
	roots, err := filepath.Glob(filepath.Join(cgroupRoot, "*", "cgroup.procs"))
	if err != nil {
		return nil, fmt.Errorf("listing control groups: %w", err)
	}
	for i := range roots {
		roots[i] = filepath.Dir(roots[i])
	}
	return roots, nil
}

// createCgroups makes the cluster's group in every hierarchy. In version 1 a
// new group has no processors until it is given some.
func (c *Cluster) createCgroups() error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		group := filepath.Join(root, c.CgroupName())
		if err := os.Mkdir(group, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("creating control group: %w", err)
		}
		if root == cgroupRoot {
			continue
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				continue // not the hierarchy of processors
			}
			if err := os.WriteFile(filepath.Join(group, file), value, 0o644); err != nil {
				return fmt.Errorf("giving the control group its processors: %w", err)
			}
		}
	}
	return nil
}

// removeCgroups removes the cluster's groups; they must be empty of processes.
func (c *Cluster) removeCgroups() error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		groups, err := foldersBelow(filepath.Join(root, c.CgroupName()))
		if err != nil {
			return err
		}
		for _, group := range slices.Backward(groups) { // children stand behind their parents
			if err := os.Remove(group); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("removing control group: %w", err)
			}
		}
	}
	return nil
}

// foldersBelow gives the folder and all below it, parents first; none when it
// does not exist.
func foldersBelow(folder string) ([]string, error) {
	var folders []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case entry.IsDir():
			folders = append(folders, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing control groups: %w", err)
	}
	return folders, nil
}

// cgroupMembers gives the processes in the cluster's groups.
func (c *Cluster) cgroupMembers() ([]int, error) {
	roots, err := hierarchies()
	if err != nil {
		return nil, err
	}
	var members []int
	for _, root := range roots {
		groups, err := foldersBelow(filepath.Join(root, c.CgroupName()))
		if err != nil {
			return nil, err
		}
		for _, group := range groups {
			list, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
			if err != nil {
				continue // the group has gone meanwhile, or may hold no process
			}
			for _, line := range strings.Fields(string(list)) {
				pid, err := strconv.Atoi(line)
				if err != nil {
					return nil, fmt.Errorf("reading members of %s: %w", group, err)
				}
				if pid > 0 { // 0 stands for a process that cannot be seen from here
					members = append(members, pid)
				}
			}
		}
	}
	return members, nil
}
