/** What page and worker of a blurred background say to each other. Only types. */

/** A camera's picture; what draws and what is measured differ by browser. */
export type Picture = VideoFrame | ImageBitmap;

export type BlurOrder =
  /** Take pictures from one stream and write blurred ones to the other. */
  | Readonly<{
      op: "streams";
      readable: ReadableStream<VideoFrame>;
      writable: WritableStream<VideoFrame>;
    }>
  /** No streams here: ask for a picture whenever it is time for one. */
  | Readonly<{ op: "pictures" }>
  /** The answer to "next": a picture, or none yet. */
  | Readonly<{ op: "picture"; picture: ImageBitmap | undefined }>
  | Readonly<{ op: "figures" }>
  | Readonly<{ op: "stop" }>;

export type BlurSaid =
  /** Persons are left clear from the next picture on. */
  | Readonly<{ said: "ready" }>
  /** No segmenter: everything stays blurred. */
  | Readonly<{ said: "failed" }>
  /** A picture could not be blurred, and was dropped. */
  | Readonly<{ said: "dropped" }>
  | Readonly<{ said: "next" }>
  | Readonly<{ said: "picture"; picture: ImageBitmap }>
  | Readonly<{ said: "figures"; figures: BlurFigures }>
  | Readonly<{ said: "stopped" }>;

/** What it costs here. */
export type BlurFigures = Readonly<{
  /** Pictures blurred, and those of them in which a person was looked for. */
  pictures: number;
  masked: number;
  /** Pictures that could not be blurred and were not sent. */
  dropped: number;
  /** Median of the last pictures, milliseconds: all of it, and the network alone. */
  pictureMs: number;
  networkMs: number;
}>;
