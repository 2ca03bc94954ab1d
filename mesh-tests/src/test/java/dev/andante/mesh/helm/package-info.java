/** The Helm chart and the manifests made of it, rendered without a cluster. */
@NullMarked
package dev.andante.mesh.helm;

import org.jspecify.annotations.NullMarked;
