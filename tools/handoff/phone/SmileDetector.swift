// {{detector}} for iOS: AVFoundation → centred square of {{side}} px → {{encoder}} → head. Written by smilebench for {{model}}.
// Podfile: pod 'TensorFlowLiteSwift', '~> 2.17'; add smile_detector.tflite to the app's bundle.
//
//   let detector = try {{detector}}(modelPath: Bundle.main.path(forResource: "smile_detector", ofType: "tflite")!)
//   output.videoSettings = [kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_32BGRA]   // upright, not mirrored
//   func captureOutput(_ output: AVCaptureOutput, didOutput sample: CMSampleBuffer, from connection: AVCaptureConnection) {
//       let time = CMSampleBufferGetPresentationTimeStamp(sample).seconds * 1000
//       let prob = try? detector.push(CMSampleBufferGetImageBuffer(sample)!, timestampMs: time)   // nil: the window is filling
//   }
import CoreVideo
import Foundation
import TensorFlowLite

let side = {{side}}  // pixels of a frame
let count = {{count}}  // frames of a window
let intervalMs = Double({{interval}})  // between them
let maxDeviationMs = Double({{deviation}})  // of a frame from its place
let threshold: Float = {{threshold}}  // strictly above it: {{class}}
let nFeatures = {{features}}

/// Crop and resize as in training: the largest centred square, the mean of the pixels that each cell covers.
enum Crop {
  /// Turn BGRA bytes into (3, side, side) from 0 to 1, RGB.
  ///
  /// Cell i reaches from i * square to (i + 1) * square in units of 1/side pixel, so every bound is a whole number.
  static func toFrame(_ bgra: UnsafePointer<UInt8>, width: Int, height: Int, rowBytes: Int) -> [Float] {
    let square = min(width, height)
    let left = (width - square) / 2
    let top = (height - square) / 2
    var rows = [Double](repeating: 0, count: side * square * 3)  // (cell, x, channel)
    for cell in 0..<side {
      for (y, part) in parts(of: cell, square) {
        for x in 0..<square {
          let pixel = bgra + (top + y) * rowBytes + (left + x) * 4
          for channel in 0..<3 {
            rows[(cell * square + x) * 3 + channel] += part * Double(pixel[2 - channel])
          }
        }
      }
    }
    var frame = [Float](repeating: 0, count: 3 * side * side)
    for row in 0..<side {
      for cell in 0..<side {
        for channel in 0..<3 {
          var sum = 0.0
          for (x, part) in parts(of: cell, square) { sum += part * rows[(row * square + x) * 3 + channel] }
          frame[(channel * side + row) * side + cell] = Float(round(sum, square) / 255)
        }
      }
    }
    return frame
  }

  private static func parts(of cell: Int, _ square: Int) -> [(Int, Double)] {
    let begin = cell * square
    let end = begin + square
    return (begin / side...min((end - 1) / side, square - 1)).map { pixel in
      (pixel, Double(min((pixel + 1) * side, end) - max(pixel * side, begin)) / Double(square))
    }
  }

  /// Halves to even, but up where the square is twice as large, as OpenCV does it.
  private static func round(_ value: Double, _ square: Int) -> Double {
    square == 2 * side ? (value + 0.5).rounded(.down) : Double(Float(value)).rounded(.toNearestOrEven)
  }
}

/// Encodes each frame once and decides by the features of the last frames at their places.
final class {{detector}} {
  private let encoder: SignatureRunner
  private let head: SignatureRunner
  private let interpreter: Interpreter
  private var kept: [(timestampMs: Double, features: Data)] = []

  init(modelPath: String, threads: Int = 1) throws {
    var options = Interpreter.Options()
    options.threadCount = threads
    interpreter = try Interpreter(modelPath: modelPath, options: options)
    encoder = try interpreter.signatureRunner(with: "encoder")
    head = try interpreter.signatureRunner(with: "head")
    try encoder.allocateTensors()
    try head.allocateTensors()
  }

  /// Take a frame; returns the probability of {{class}}, or nil while the window has gaps.
  func push(_ buffer: CVPixelBuffer, timestampMs: Double) throws -> Float? {
    CVPixelBufferLockBaseAddress(buffer, .readOnly)
    defer { CVPixelBufferUnlockBaseAddress(buffer, .readOnly) }
    let frame = Crop.toFrame(
      CVPixelBufferGetBaseAddress(buffer)!.assumingMemoryBound(to: UInt8.self), width: CVPixelBufferGetWidth(buffer),
      height: CVPixelBufferGetHeight(buffer), rowBytes: CVPixelBufferGetBytesPerRow(buffer))
    if let last = kept.last, timestampMs <= last.timestampMs { kept = [] }  // another film
    kept.append((timestampMs, try encode(frame)))
    let oldest = timestampMs - Double(count - 1) * intervalMs - maxDeviationMs
    kept.removeAll { $0.timestampMs < oldest }
    var window = Data()
    for back in stride(from: count - 1, through: 0, by: -1) {
      let place = timestampMs - Double(back) * intervalMs
      let nearest = kept.min { abs($0.timestampMs - place) < abs($1.timestampMs - place) }!
      if abs(nearest.timestampMs - place) > maxDeviationMs { return nil }
      window.append(nearest.features)
    }
    return try decide(window)
  }

  /// Turn (3, side, side) into the bytes of nFeatures features.
  func encode(_ frame: [Float]) throws -> Data {
    try encoder.invoke(with: ["frame": frame.withUnsafeBufferPointer { Data(buffer: $0) }])
    return try encoder.output(named: "features").data
  }

  /// Turn the features of a window, the oldest first, into the probability.
  func decide(_ window: Data) throws -> Float {
    try head.invoke(with: ["features": window])
    return try head.output(named: "{{prob}}").data.withUnsafeBytes { $0.load(as: Float.self) }
  }
}
