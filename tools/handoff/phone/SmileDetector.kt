// {{detector}} for Android: CameraX → centred square of {{side}} px → {{encoder}} → head. Written by smilebench for {{model}}.
// build.gradle: implementation("com.google.ai.edge.litert:litert:1.4.0"); put smile_detector.tflite into src/main/assets.
//
//   val detector = {{detector}}(loadModelFile(context, "smile_detector.tflite"))
//   ImageAnalysis.Builder().setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888).build().setAnalyzer(executor) {
//       val prob = detector.push(it.planes[0].buffer, it.width, it.height, it.planes[0].rowStride,
//                                it.imageInfo.rotationDegrees, it.imageInfo.timestamp / 1e6)
//       it.close()                                       // prob is null while the window is filling
//   }
package smilebench

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import kotlin.math.abs
import org.tensorflow.lite.Interpreter

const val SIDE = {{side}} // pixels of a frame
const val COUNT = {{count}} // frames of a window
const val INTERVAL_MS = {{interval}} // between them
const val MAX_DEVIATION_MS = {{deviation}} // of a frame from its place
const val THRESHOLD = {{threshold}}f // strictly above it: {{class}}
const val N_FEATURES = {{features}}

/** Crop and resize as in training: the largest centred square, the mean of the pixels that each cell covers. */
object Crop {
    /**
     * Turn RGBA bytes into (3, SIDE, SIDE) from 0 to 1.
     *
     * Cell i reaches from i * side to (i + 1) * side in units of 1/SIDE pixel, so every bound is a whole number.
     */
    fun toFrame(rgba: ByteBuffer, width: Int, height: Int, rowStride: Int, rotation: Int = 0): FloatArray {
        val side = minOf(width, height)
        val left = (width - side) / 2
        val top = (height - side) / 2
        val rows = DoubleArray(SIDE * side * 3) // (cell, x, channel)
        for (cell in 0 until SIDE) {
            val begin = cell * side
            val end = begin + side
            for (y in begin / SIDE..minOf((end - 1) / SIDE, side - 1)) {
                val part = (minOf((y + 1) * SIDE, end) - maxOf(y * SIDE, begin)).toDouble() / side
                for (x in 0 until side) {
                    for (channel in 0 until 3) {
                        rows[(cell * side + x) * 3 + channel] += part * at(rgba, left, top, side, rowStride, rotation, x, y, channel)
                    }
                }
            }
        }
        val frame = FloatArray(3 * SIDE * SIDE)
        for (row in 0 until SIDE) {
            for (cell in 0 until SIDE) {
                val begin = cell * side
                val end = begin + side
                for (channel in 0 until 3) {
                    var sum = 0.0
                    for (x in begin / SIDE..minOf((end - 1) / SIDE, side - 1)) {
                        val part = (minOf((x + 1) * SIDE, end) - maxOf(x * SIDE, begin)).toDouble() / side
                        sum += part * rows[(row * side + x) * 3 + channel]
                    }
                    frame[(channel * SIDE + row) * SIDE + cell] = (round(sum, side) / 255.0).toFloat()
                }
            }
        }
        return frame
    }

    /** A byte of the square as it is seen upright. */
    private fun at(
        rgba: ByteBuffer, left: Int, top: Int, side: Int, rowStride: Int, rotation: Int, x: Int, y: Int, channel: Int
    ): Int {
        val (u, v) = when (rotation) {
            90 -> Pair(y, side - 1 - x)
            180 -> Pair(side - 1 - x, side - 1 - y)
            270 -> Pair(side - 1 - y, x)
            else -> Pair(x, y)
        }
        return rgba.get((top + v) * rowStride + (left + u) * 4 + channel).toInt() and 0xff
    }

    /** Halves to even, but up where the square is twice as large, as OpenCV does it. */
    private fun round(value: Double, side: Int): Double =
        if (side == 2 * SIDE) kotlin.math.floor(value + 0.5) else Math.rint(value.toFloat().toDouble())
}

/** Encodes each frame once and decides by the features of the last COUNT frames at their places. */
class {{detector}}(model: ByteBuffer, threads: Int = 1) {
    private class Seen(val timestampMs: Double, val features: FloatArray)

    private val interpreter = Interpreter(model, Interpreter.Options().setNumThreads(threads))
    private val kept = ArrayDeque<Seen>()

    /** Take a frame; returns the probability of {{class}}, or null while the window has gaps. Frames are not mirrored. */
    fun push(rgba: ByteBuffer, width: Int, height: Int, rowStride: Int, rotation: Int, timestampMs: Double): Float? {
        if (kept.isNotEmpty() && timestampMs <= kept.last().timestampMs) kept.clear() // another film
        kept.addLast(Seen(timestampMs, encode(Crop.toFrame(rgba, width, height, rowStride, rotation))))
        while (kept.first().timestampMs < timestampMs - (COUNT - 1) * INTERVAL_MS - MAX_DEVIATION_MS) kept.removeFirst()
        val window = (COUNT - 1 downTo 0).map { back ->
            val place = timestampMs - back * INTERVAL_MS
            val nearest = kept.minByOrNull { abs(it.timestampMs - place) }!!
            if (abs(nearest.timestampMs - place) > MAX_DEVIATION_MS) return null
            nearest.features
        }
        return decide(window)
    }

    /** Turn (3, SIDE, SIDE) into features. */
    fun encode(frame: FloatArray): FloatArray = run("encoder", "frame", frame, "features", N_FEATURES)

    /** Turn the features of COUNT frames, the oldest first, into the probability. */
    fun decide(window: List<FloatArray>): Float {
        val features = FloatArray(COUNT * N_FEATURES)
        window.forEachIndexed { place, one -> one.copyInto(features, place * N_FEATURES) }
        return run("head", "features", features, "{{prob}}", 1)[0]
    }

    private fun run(signature: String, input: String, values: FloatArray, output: String, n: Int): FloatArray {
        val given = ByteBuffer.allocateDirect(4 * values.size).order(ByteOrder.nativeOrder())
        given.asFloatBuffer().put(values)
        val found = FloatBuffer.allocate(n)
        interpreter.runSignature(mapOf(input to given), mapOf(output to found), signature)
        return found.array()
    }
}
