// Uploads one file with tus-js-client, as a page or a desk would. Prints one JSON object.
// Arguments: file, endpoint, ticket, mode: whole | resume | parallel | deferred
import { readFileSync } from "node:fs";
import { Upload } from "tus-js-client";

const [file, endpoint, ticket, mode] = process.argv.slice(2);
const data = readFileSync(file);
const options = {
  endpoint,
  headers: { Authorization: `Bearer ${ticket}` },
  metadata: { filename: "0001.mp4" },
  chunkSize: 1_000_000,
  retryDelays: [100, 200],
};

function done(extra) {
  console.log(JSON.stringify({ ok: true, ...extra }));
}

function failed(error) {
  console.log(JSON.stringify({ ok: false, message: String(error) }));
  process.exitCode = 1;
}

function whole(more) {
  const upload = new Upload(data, {
    ...options,
    ...more,
    onSuccess: () => done({ url: upload.url }),
    onError: failed,
  });
  upload.start();
}

function resume() {
  const first = new Upload(data, {
    ...options,
    onChunkComplete: async (_size, accepted) => {
      if (accepted < 2_000_000) return;
      await first.abort();
      whole({ uploadUrl: first.url });
    },
    onError: failed,
  });
  first.start();
}

const modes = {
  whole: () => whole({}),
  resume,
  parallel: () => whole({ parallelUploads: 3, chunkSize: Infinity }),
  deferred: () => whole({ uploadLengthDeferred: true }),
};
modes[mode]();
