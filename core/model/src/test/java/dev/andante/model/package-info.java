/** Tests of whole models against reference outputs, and the helpers that they share. */
@NullMarked
package dev.andante.model;

import org.jspecify.annotations.NullMarked;
