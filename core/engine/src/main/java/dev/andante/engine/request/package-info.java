/**
 * One request inside the engine: its tokens, its blocks, its progress, when it ends and who hears
 * of it. Engine thread only.
 */
@NullMarked
package dev.andante.engine.request;

import org.jspecify.annotations.NullMarked;
