/** Tests of the whole: architecture rules, the mesh end to end, charts and clusters. */
@NullMarked
package dev.andante.mesh;

import org.jspecify.annotations.NullMarked;
