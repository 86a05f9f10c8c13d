'use client'; // rendered on the server, too: the import must work there, create() runs in the browser only

import { useEffect, useRef, useState } from 'react';
import { Detector, openCamera } from 'smile-detector';

export function Smile() {
  const video = useRef(null);
  const [detector, setDetector] = useState(null);
  const [word, setWord] = useState('…');

  useEffect(() => {
    let current = null;
    let isGone = false;
    Detector.create({ baseUrl: `${process.env.NEXT_PUBLIC_BASE_PATH}/smile-detector/` }).then(
      (created) => {
        if (isGone) return created.close();
        current = created;
        globalThis.detector = created; // for use in the console
        created.addEventListener('result', ({ detail }) => setWord(`${detail.state} ${detail.prob ?? ''}`));
        setDetector(created);
        setWord('loaded');
      },
      (error) => setWord(error.message),
    );
    return () => {
      isGone = true;
      current?.close();
    };
  }, []);

  const start = async () => {
    await openCamera(video.current);
    detector.watch(video.current);
  };
  return (
    <>
      <video ref={video} muted playsInline style={{ transform: 'scaleX(-1)' }} />
      <p id="word">{word}</p>
      <button id="camera" disabled={!detector} onClick={start}>
        Webcam
      </button>
    </>
  );
}
