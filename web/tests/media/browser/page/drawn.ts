/** Something that moves, as a screen that is shared: 800 x 600. */
export function drawn(): MediaStreamTrack {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [800, 600];
  const context = canvas.getContext("2d");
  let turn = 0;
  setInterval(() => {
    if (context === null) return;
    context.fillStyle = `hsl(${turn++ % 360} 80% 50%)`;
    context.fillRect(0, 0, 800, 600);
  }, 100);
  const [track] = canvas.captureStream(10).getVideoTracks();
  if (track === undefined) throw new Error("a canvas without a track");
  return track;
}
