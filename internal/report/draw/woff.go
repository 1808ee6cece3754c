package draw

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// errWOFF says that bytes are not a WOFF 1.0 file with TrueType outlines.
var errWOFF = errors.New("not a WOFF 1.0 file with TrueType outlines")

const (
	woffSignature    = 0x774f4646
	trueTypeFlavour  = 0x00010000
	woffHeaderBytes  = 44
	woffEntryBytes   = 20
	sfntHeaderBytes  = 12
	sfntEntryBytes   = 16
	largestTableSize = 4 << 20
)

type woffTable struct {
	tag, checksum uint32
	packed        []byte
	length        uint32
}

// unpackWOFF returns the TrueType file that was packed into a WOFF 1.0 file (W3C Recommendation of 13 December 2012).
// The fonts are kept as their makers publish them, packed, and the PDF library reads TrueType only.
func unpackWOFF(file []byte) ([]byte, error) {
	if len(file) < woffHeaderBytes || binary.BigEndian.Uint32(file) != woffSignature ||
		binary.BigEndian.Uint32(file[4:]) != trueTypeFlavour {
		return nil, errWOFF
	}
	tables, err := woffTables(file, int(binary.BigEndian.Uint16(file[12:])))
	if err != nil {
		return nil, err
	}
	directory := sfntHeader(len(tables))
	offset := sfntHeaderBytes + sfntEntryBytes*len(tables)
	var body []byte
	for _, table := range tables {
		data, err := table.unpack()
		if err != nil {
			return nil, fmt.Errorf("unpacking table %q: %w", tagName(table.tag), err)
		}
		for _, word := range []uint32{table.tag, table.checksum, uint32(offset + len(body)), table.length} {
			directory = binary.BigEndian.AppendUint32(directory, word)
		}
		body = append(body, data...)
		body = append(body, make([]byte, -len(body)&3)...)
	}
	return append(directory, body...), nil
}

func woffTables(file []byte, count int) ([]woffTable, error) {
	if count == 0 || len(file) < woffHeaderBytes+woffEntryBytes*count {
		return nil, fmt.Errorf("reading the table directory: %w", errWOFF)
	}
	tables := make([]woffTable, count)
	for i := range tables {
		entry := file[woffHeaderBytes+woffEntryBytes*i:]
		start, packed := binary.BigEndian.Uint32(entry[4:]), binary.BigEndian.Uint32(entry[8:])
		length := binary.BigEndian.Uint32(entry[12:])
		end := uint64(start) + uint64(packed)
		if end > uint64(len(file)) || packed > length || length > largestTableSize {
			return nil, fmt.Errorf("table %d lies outside of the file: %w", i, errWOFF)
		}
		tables[i] = woffTable{
			tag: binary.BigEndian.Uint32(entry), checksum: binary.BigEndian.Uint32(entry[16:]),
			packed: file[start:end], length: length,
		}
	}
	return tables, nil
}

// unpack returns the table's bytes. A table that did not shrink is stored as it is.
func (t woffTable) unpack() ([]byte, error) {
	if len(t.packed) == int(t.length) {
		return t.packed, nil
	}
	reader, err := zlib.NewReader(bytes.NewReader(t.packed))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(reader, int64(t.length)+1))
	if err != nil {
		return nil, err
	}
	if len(data) != int(t.length) {
		return nil, errWOFF
	}
	return data, nil
}

// sfntHeader returns the first 12 bytes of a TrueType file with so many tables.
func sfntHeader(tables int) []byte {
	power, exponent := 1, 0
	for power*2 <= tables {
		power, exponent = power*2, exponent+1
	}
	header := binary.BigEndian.AppendUint32(nil, trueTypeFlavour)
	for _, word := range []int{tables, power * 16, exponent, (tables - power) * 16} {
		header = binary.BigEndian.AppendUint16(header, uint16(word))
	}
	return header
}

func tagName(tag uint32) string {
	return string(binary.BigEndian.AppendUint32(nil, tag))
}
