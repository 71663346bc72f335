package witness

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// sizeType is the media type of the size that is held, beside a conflict.
const sizeType = "text/x.tlog.size"

// Handler serves POST /add-checkpoint of C2SP tlog-witness. Nobody is asked who they are: what is asked of
// the checkpoint is all. Bound connections and rates around it.
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", w.serve)
	return mux
}

func (w *Witness) serve(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, MaxRequest))
	if err != nil {
		http.Error(out, ErrRequest.Error(), http.StatusBadRequest)
		return
	}
	line, err := w.Add(body)
	var held *HeldError
	switch {
	case err == nil:
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = out.Write(line) // whoever asked has gone; it asks again
	case errors.As(err, &held):
		out.Header().Set("Content-Type", sizeType)
		out.WriteHeader(statusOf(err))
		_, _ = fmt.Fprintf(out, "%d\n", held.Size) // as above
	case statusOf(err) == http.StatusInternalServerError:
		http.Error(out, ErrStore.Error(), http.StatusInternalServerError) // the disk is nobody else's business
	default:
		http.Error(out, err.Error(), statusOf(err))
	}
}
