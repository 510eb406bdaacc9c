/**
 * Runs inside a page, from its first moment on: when something was pressed, when words came up, when
 * a picture of the other side was seen. All in milliseconds of one clock for every browser of this
 * machine (`performance.timeOrigin + performance.now()`, High Resolution Time, 4.1).
 *
 * The product knows nothing of it: it only listens. One function, for it travels as text.
 */

/** What a page has written down since `begin`. */
export type Times = {
  /** The last press. */
  pressed: number | undefined;
  /** The words that were waited for came up. */
  words: number | undefined;
  /** The first picture of the other side was decoded (requestVideoFrameCallback). */
  decoded: number | undefined;
  /** It was to be seen: decoded, and its element not hidden. */
  seen: number | undefined;
  /** Where the way there was, for whoever looks for lost time: [what, when]. */
  steps: [what: string, at: number][];
};

/** What `stopwatch` leaves in the page. */
export type Watched = {
  stopwatch: {
    times: Times;
    begin(words: string): void;
    /** The last TURN servers that a connection here was made with. */
    servers: RTCIceServer[];
    step(what: string): void;
  };
};

export function stopwatch(): void {
  const now = () => performance.timeOrigin + performance.now();
  const fresh = (): Times => ({
    pressed: undefined,
    words: undefined,
    decoded: undefined,
    seen: undefined,
    steps: [],
  });
  const remote = new WeakSet<MediaStreamTrack>();
  const followed = new WeakSet<HTMLVideoElement>();
  let waited = "";
  const watch: Watched["stopwatch"] = {
    times: fresh(),
    begin(words) {
      waited = words;
      watch.times = fresh();
    },
    servers: [],
    step(what) {
      watch.times.steps.push([what, now()]);
    },
  };
  Object.assign(globalThis, { stopwatch: watch });
  addEventListener(
    "click",
    () => {
      watch.times.pressed = now();
    },
    true,
  );

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      keep(configuration);
      watch.step("connection");
      this.addEventListener("track", ({ track }) => {
        if (track.kind === "video") remote.add(track);
      });
      this.addEventListener("icecandidate", ({ candidate }) => {
        watch.step(candidate === null ? "gathered" : "candidate");
      });
      this.addEventListener("connectionstatechange", () => watch.step(this.connectionState));
      this.addEventListener("iceconnectionstatechange", () =>
        watch.step(`ice ${this.iceConnectionState}`),
      );
    }
    override setConfiguration(configuration?: RTCConfiguration): void {
      super.setConfiguration(configuration);
      keep(configuration);
    }
  };
  function keep(configuration: RTCConfiguration | undefined): void {
    if (configuration?.iceServers?.length) watch.servers = configuration.iceServers;
  }

  function isOther(video: HTMLVideoElement): boolean {
    const stream = video.srcObject;
    return stream instanceof MediaStream && stream.getVideoTracks().some((one) => remote.has(one));
  }
  // Only the other side's: to look at each frame of the own picture would itself cost time.
  function follow(video: HTMLVideoElement): void {
    if (followed.has(video) || !isOther(video)) return;
    followed.add(video);
    const look = () => {
      if (isOther(video)) {
        watch.times.decoded ??= now();
        if (video.checkVisibility({ visibilityProperty: true, opacityProperty: true })) {
          watch.times.seen ??= now();
        }
      }
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  }
  // Before the first frame: a stream was set.
  for (const event of ["loadstart", "loadedmetadata"]) {
    addEventListener(
      event,
      ({ target }) => target instanceof HTMLVideoElement && follow(target),
      true,
    );
  }
  new MutationObserver(() => {
    for (const video of document.querySelectorAll("video")) follow(video); // shown, or moved
    if (watch.times.words === undefined && waited !== "") {
      if (document.body?.textContent?.includes(waited)) watch.times.words = now();
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
}
