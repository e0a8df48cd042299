// The command line of `weed mini` with MinIO behind it: an S3 store on port 8333 that answers /healthz.
package main

import (
	"flag"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"

	minio "github.com/minio/minio/cmd"
)

func main() {
	mini := flag.NewFlagSet("mini", flag.ExitOnError)
	folder := mini.String("dir", "/data", "where files are kept")
	bucket := mini.String("bucket", "", "made if it is not there")
	mini.Bool("master.telemetry", true, "nobody is told anything here either way")
	if len(os.Args) < 2 || os.Args[1] != "mini" {
		log.Fatal("expected: mini -dir=FOLDER -bucket=NAME")
	}
	if err := mini.Parse(os.Args[2:]); err != nil {
		log.Fatal(err)
	}
	// A folder beside MinIO's own is a bucket.
	if err := os.MkdirAll(filepath.Join(*folder, *bucket), 0o750); err != nil {
		log.Fatal(err)
	}
	os.Setenv("MINIO_ROOT_USER", os.Getenv("AWS_ACCESS_KEY_ID"))
	os.Setenv("MINIO_ROOT_PASSWORD", os.Getenv("AWS_SECRET_ACCESS_KEY"))
	os.Setenv("MINIO_BROWSER", "off")
	go serve()
	minio.Main([]string{"minio", "server", "--quiet", "--address", "127.0.0.1:9000", *folder})
}

// serve passes all on as it comes (signatures cover the Host header), and translates the one address that differs.
func serve() {
	store := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "127.0.0.1:9000"})
	log.Fatal(http.ListenAndServe(":8333", http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/healthz" {
			request.URL.Path = "/minio/health/ready"
		}
		store.ServeHTTP(answer, request)
	})))
}
