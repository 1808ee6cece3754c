package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// mostFile bounds what is read of one file: the largest of those measured has two megabytes.
const mostFile = 32 << 20

// unpack finds files in a package's archive and adds up what each takes by gzip -9. A file that is not there is an error:
// packages rearrange themselves, and nothing must not count as small.
func unpack(archive string, names []string) (version string, size int, err error) {
	file, err := os.Open(archive)
	if err != nil {
		return "", 0, fmt.Errorf("opening the archive: %w", err)
	}
	defer file.Close()
	return unpackFrom(file, names)
}

func unpackFrom(archive io.Reader, names []string) (version string, size int, err error) {
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return "", 0, fmt.Errorf("reading the archive: %w", err)
	}
	entries, missing := tar.NewReader(unzipped), slices.Clone(names)
	for {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", 0, fmt.Errorf("reading the archive: %w", err)
		}
		i := slices.IndexFunc(missing, func(name string) bool { return entry.Name == "package/"+name })
		if i < 0 && entry.Name != "package/package.json" {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(entries, mostFile))
		if err != nil {
			return "", 0, fmt.Errorf("reading %s: %w", entry.Name, err)
		}
		if i < 0 {
			var manifest struct{ Version string }
			if err := json.Unmarshal(content, &manifest); err != nil {
				return "", 0, fmt.Errorf("reading package.json: %w", err)
			}
			version = manifest.Version
			continue
		}
		packed, err := compressed(content)
		if err != nil {
			return "", 0, err
		}
		missing, size = slices.Delete(missing, i, i+1), size+packed
	}
	if len(missing) > 0 {
		return "", 0, fmt.Errorf("version %s has no %s", version, missing[0])
	}
	return version, size, nil
}

// compressed is the length of what gzip -9 makes of a text.
func compressed(content []byte) (int, error) {
	var into bytes.Buffer
	writer, err := gzip.NewWriterLevel(&into, gzip.BestCompression)
	if err != nil {
		return 0, fmt.Errorf("compressing: %w", err)
	}
	if _, err := writer.Write(content); err != nil {
		return 0, fmt.Errorf("compressing: %w", err)
	}
	if err := writer.Close(); err != nil {
		return 0, fmt.Errorf("compressing: %w", err)
	}
	return into.Len(), nil
}
