{{- define "maas.hostPaths" -}}
{{- $paths := list -}}
{{- range . -}}
{{- with .hostPath -}}{{- with .path -}}{{- $paths = append $paths (printf "'%s'" .) -}}{{- end -}}{{- end -}}
{{- end -}}
{{- join ", " $paths -}}
{{- end }}

{{- define "maas.image.region" -}}
{{- printf "%v/%v%v%v" $.Values.images.registry $.Values.images.region.repository (ternary (printf ":%v" $.Values.images.region.tag) "" (not (empty $.Values.images.region.tag))) (ternary (printf "@%v" $.Values.images.region.digest) "" (not (empty $.Values.images.region.digest))) -}}
{{- end }}

{{- define "maas.url" -}}
{{- default (printf "http://%v-region.%v.svc.%v:5240/MAAS" $.Values.fullnameOverride $.Release.Namespace $.Values.clusterDomain) $.Values.maasUrl -}}
{{- end }}

{{- define "maas.database.host" -}}
{{- ternary (printf "%v-database.%v.svc.%v" $.Values.fullnameOverride $.Release.Namespace $.Values.clusterDomain) $.Values.database.host $.Values.database.embedded -}}
{{- end }}

{{- define "maas.image.toolbox" -}}
{{- printf "%v/%v%v%v" $.Values.images.registry $.Values.images.toolbox.repository (ternary (printf ":%v" $.Values.images.toolbox.tag) "" (not (empty $.Values.images.toolbox.tag))) (ternary (printf "@%v" $.Values.images.toolbox.digest) "" (not (empty $.Values.images.toolbox.digest))) -}}
{{- end }}

{{- define "maas.image.rack" -}}
{{- printf "%v/%v%v%v" $.Values.images.registry $.Values.images.rack.repository (ternary (printf ":%v" $.Values.images.rack.tag) "" (not (empty $.Values.images.rack.tag))) (ternary (printf "@%v" $.Values.images.rack.digest) "" (not (empty $.Values.images.rack.digest))) -}}
{{- end }}

{{- define "maas.differ" -}}
{{- $differ := false -}}
{{- $right := index . 1 -}}
{{- range $key, $value := index . 0 -}}
{{- if and (hasKey $right $key) (ne (get $right $key) $value) -}}{{- $differ = true -}}{{- end -}}
{{- end -}}
{{- $differ -}}
{{- end }}

{{- define "maas.field" -}}
{{- $key := index . 1 -}}
{{- $found := list -}}
{{- range index . 0 -}}{{- $found = append $found (get . $key) -}}{{- end -}}
{{- $found | toJson -}}
{{- end }}
