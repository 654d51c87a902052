// The camera: on while its picture is shown, off after the photo.

import { PhotoError } from "./photo.js";

const REASONS = {
  NotAllowedError: "This page may not use the camera; allow it in the browser, or choose a photo.",
  NotFoundError: "No camera was found; choose a photo.",
  SecurityError: "Browsers lend the camera only to pages from this computer or over https; " +
    "choose a photo.",
  NotReadableError: "Another program uses the camera; close it there, or choose a photo.",
};

// onFile is given the photo, as a Blob; onProblem a PhotoError.
export function useCamera(page, onFile, onProblem) {
  let stream = null;

  async function open() {
    page.camera.disabled = true; // a second click would open a second stream
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "SecurityError");
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      page.video.srcObject = stream;
      await page.video.play();
    } catch (error) {
      stop();
      const reason = REASONS[error.name] ?? "The camera cannot be used; choose a photo.";
      return onProblem(new PhotoError(reason));
    } finally {
      page.camera.disabled = false;
    }
    show(true);
    return page.shutter.focus();
  }

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = page.video.srcObject = null;
  }

  function close() {
    stop();
    show(false);
    page.camera.focus();
  }

  function show(on) {
    page.viewfinder.hidden = !on;
    page.camera.setAttribute("aria-expanded", on);
  }

  page.camera.addEventListener("click", () => (page.viewfinder.hidden ? open() : close()));
  page.stop.addEventListener("click", close);
  page.shutter.addEventListener("click", async () => {
    const { videoWidth, videoHeight } = page.video;
    const canvas = new OffscreenCanvas(videoWidth, videoHeight);
    canvas.getContext("2d").drawImage(page.video, 0, 0);
    close();
    onFile(await canvas.convertToBlob()); // PNG: no value is lost
  });
}
