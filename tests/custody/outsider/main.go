// An outsider's audit in another language: note format, tree and proofs come from
// golang.org/x/mod (the libraries of Go's checksum database); not a line is ours but the reading
// of files. It trusts the public key only.
//
//	go build -o audit main.go && ./audit LOG-FOLDER VKEY-FILE FOLDER-OF-PROOFS
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// kept holds every stored hash in memory, in the order that tlog gives them.
type kept []tlog.Hash

// ReadHashes makes kept a tlog.HashReader.
func (k kept) ReadHashes(places []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(places))
	for i, place := range places {
		found[i] = k[place]
	}
	return found, nil
}

func main() {
	folder, key, proofs := os.Args[1], readFile(os.Args[2]), os.Args[3]
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	check(err)
	size, root := checkpoint(readFile(filepath.Join(folder, "checkpoint")), verifier)
	leaves, hashes := readEntries(folder, size)
	recomputed, err := tlog.TreeHash(size, hashes)
	check(err)
	if recomputed != root {
		refuse("the entries do not give the signed root")
	}
	tiles := compareTiles(folder, size, hashes)
	count := checkProofs(proofs, leaves, verifier)
	fmt.Println("accepted", size, "entries", tiles, "tiles", count, "proofs")
}

// checkpoint opens a signed checkpoint: its size and root.
func checkpoint(text []byte, verifier note.Verifier) (int64, tlog.Hash) {
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	return size, hash(lines[2])
}

// readEntries reads every bundle, and hashes every entry into the tree.
func readEntries(folder string, size int64) ([][]byte, kept) {
	var leaves [][]byte
	var hashes kept
	for number := int64(0); number*256 < size; number++ {
		width := min(256, size-number*256)
		data := readFile(filepath.Join(folder, "tile/entries", numbered(number, width)))
		for ; width > 0; width-- {
			end := 2 + (int(data[0])<<8 | int(data[1]))
			more, err := tlog.StoredHashes(int64(len(leaves)), data[2:end], hashes)
			check(err)
			leaves, hashes, data = append(leaves, data[2:end]), append(hashes, more...), data[end:]
		}
		if len(data) != 0 {
			refuse(fmt.Sprintf("bundle %d holds more than it should", number))
		}
	}
	return leaves, hashes
}

// compareTiles compares every tile of this tree with the recomputed one.
func compareTiles(folder string, size int64, hashes kept) int {
	compared := 0
	for _, tile := range tlog.NewTiles(8, 0, size) {
		width := min(256, size>>(8*uint(tile.L))-tile.N*256)
		if int64(tile.W) != width {
			continue // NewTiles lists all widths; only this one belongs to this tree
		}
		expected, err := tlog.ReadTileData(tile, hashes)
		check(err)
		name := filepath.Join("tile", strconv.Itoa(tile.L), numbered(tile.N, width))
		if !bytes.Equal(readFile(filepath.Join(folder, name)), expected) {
			refuse(name + " is not what the entries make it")
		}
		compared++
	}
	return compared
}

// checkProofs verifies every proof file against the entry that it names.
func checkProofs(folder string, leaves [][]byte, verifier note.Verifier) int {
	names, err := filepath.Glob(filepath.Join(folder, "*.tlog-proof"))
	check(err)
	for _, name := range names {
		head, signed, _ := strings.Cut(string(readFile(name)), "\n\n")
		lines := strings.Split(head, "\n")
		index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
		check(err)
		var proof tlog.RecordProof
		for _, line := range lines[2:] {
			proof = append(proof, hash(line))
		}
		size, root := checkpoint([]byte(signed), verifier)
		check(tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(leaves[index])))
	}
	return len(names)
}

func hash(text string) (h tlog.Hash) {
	raw, err := base64.StdEncoding.DecodeString(text)
	check(err)
	copy(h[:], raw)
	return h
}

func numbered(number, width int64) string {
	name := fmt.Sprintf("%03d", number%1000)
	for number /= 1000; number > 0; number /= 1000 {
		name = fmt.Sprintf("x%03d/%s", number%1000, name)
	}
	if width < 256 {
		name += fmt.Sprintf(".p/%d", width)
	}
	return name
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func readFile(name string) []byte {
	data, err := os.ReadFile(name)
	check(err)
	return data
}

func check(err error) {
	if err != nil {
		refuse(err.Error())
	}
}

func refuse(reason string) {
	fmt.Println("refused:", reason)
	os.Exit(1)
}
