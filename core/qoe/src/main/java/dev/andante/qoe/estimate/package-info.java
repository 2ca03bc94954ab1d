/**
 * What a request's QoE will be if it is served, or left waiting, over a horizon. Pure functions; no
 * estimate knows how long an answer will be.
 */
@NullMarked
package dev.andante.qoe.estimate;

import org.jspecify.annotations.NullMarked;
